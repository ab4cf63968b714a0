"""Numbers, text and curves come back from either database as they were posted."""

import math

from tests.service.fakes import Service, result

LEAST, MOST = math.ulp(0.0), 1.7976931348623157e308
NUMBERS = (0.1, 1 / 3, LEAST, -MOST, 1e22, 123456789.123456789, -0.1)
TEXTS = ("plain", "'; DROP TABLE trials; --", 'a "b" \\x41 {c}', "naïve γ 🦊", "a\nb\tc", "\\u0041")


def test_numbers_come_back_to_the_bit(any_service: Service) -> None:
    worker = any_service.started()
    posted = [
        result(
            index,
            best=number,
            metrics={"val_loss": number, "val_accuracy": None},
            curves={"val_loss": [number, None], "val_accuracy": [LEAST]},
            wall_s=abs(number) % 1e9,
        )
        for index, number in enumerate(NUMBERS)
    ]
    indexes = range(len(NUMBERS))
    worker.post(worker.lease(*indexes).lease, *indexes, make=lambda index: posted[index])
    for index, number in enumerate(NUMBERS):
        found = any_service.http.get(f"/v1/studies/{worker.study}/trials/{index}").json()
        for name in ("best", "metrics", "curves", "wall_s"):
            assert found[name] == posted[index][name], (number, name)
        assert found["value"] == number


def test_text_comes_back_as_it_was(any_service: Service) -> None:
    worker = any_service.started()
    size = len(TEXTS)
    lease = worker.lease(*range(2 * size)).lease
    worker.post(
        lease,
        *range(size),
        failures={size + at: text for at, text in enumerate(TEXTS)},
        make=lambda at: result(at, executor_reason=TEXTS[at]),
    )
    trials = f"/v1/studies/{worker.study}/trials"
    for at, text in enumerate(TEXTS):
        assert any_service.http.get(f"{trials}/{at}").json()["executor_reason"] == text
        assert any_service.http.get(f"{trials}/{size + at}").json()["error"] == text
