"""Numbers, text and curves come back from either database as they were posted."""

import math

import pytest

from tests.service.fakes import Service, result

LEAST, MOST = math.ulp(0.0), 1.7976931348623157e308
NUMBERS = (0.1, 1 / 3, LEAST, -MOST, 1e22, 123456789.123456789, -0.1)
TEXTS = ("plain", "'; DROP TABLE trials; --", 'a "b" \\x41 {c}', "naïve γ 🦊", "a\nb\tc", "\\u0041")


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_come_back_to_the_bit(any_service: Service, number: float) -> None:
    worker = any_service.started()
    posted = result(
        0,
        best=number,
        metrics={"val_loss": number, "val_accuracy": None},
        curves={"val_loss": [number, None], "val_accuracy": [LEAST]},
        wall_s=abs(number) % 1e9,
    )
    worker.post(worker.lease(0).lease, 0, make=lambda _: posted)
    found = any_service.http.get(f"/v1/studies/{worker.study}/trials/0").json()
    for name in ("best", "metrics", "curves", "wall_s"):
        assert found[name] == posted[name]
    assert found["value"] == number


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_as_it_was(any_service: Service, text: str) -> None:
    worker = any_service.started()
    lease = worker.lease(0, 1).lease
    worker.post(lease, 0, failures={1: text}, make=lambda i: result(i, executor_reason=text))
    trials = f"/v1/studies/{worker.study}/trials"
    assert any_service.http.get(f"{trials}/0").json()["executor_reason"] == text
    assert any_service.http.get(f"{trials}/1").json()["error"] == text
