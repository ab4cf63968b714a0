"""Rounds of a search: each once, in turn, within the budget, and the study waits for them."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gofau_service.reconciler import job_steps
from gofau_service.store import jobs, studies
from gofau_service.store.schema import downgrade, migrate
from gofau_studies.protocol.wire import RoundReceipt, SearchHistory
from gofau_studies.spec.cells import arms
from gofau_studies.spec.parsing import parse_spec
from tests.service.fakes import SPEC, Service, Worker, connected, diverged

RANGES = {"lr": {"log": [0.01, 1.0]}, "init_scale": {"log": [0.5, 2.0]}}
SEARCH = {**SPEC, "axes": RANGES, "search": {"sampler": "tpe", "trials": 14, "batch": 2}}
STARTED, ARMS, SEEDS = 10, 2, 2


def post(worker: Worker, body: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {worker.token}"}
    return worker.http.post(f"/v1/worker/studies/{worker.study}/rounds", json=body, headers=headers)


def append(worker: Worker, body: dict[str, Any]) -> RoundReceipt:
    answer = post(worker, body)
    assert answer.is_success, answer.text
    return RoundReceipt.model_validate(answer.json())


def search(worker: Worker) -> SearchHistory:
    headers = {"Authorization": f"Bearer {worker.token}"}
    answer = worker.http.get(f"/v1/worker/studies/{worker.study}/search", headers=headers)
    return SearchHistory.model_validate(answer.json())


def a_round(number: int, *lrs: float) -> dict[str, Any]:
    found = [
        {
            "problem": p,
            "direction": d,
            "rule": r,
            "points": [{"lr": lr, "init_scale": 1.0} for lr in lrs],
        }
        for p, d, r in (arm.labels for arm in arms(parse_spec(SEARCH)))
    ]
    return {"number": number, "arms": found}


def test_a_search_starts_with_the_points_known_at_submission(any_service: Service) -> None:
    study = any_service.submit(SEARCH)
    assert study["trials"] == 14 * ARMS * SEEDS
    assert study["counts"]["waiting"] == STARTED * ARMS * SEEDS


def test_the_study_goes_on_until_its_budget_is_spent(any_service: Service) -> None:
    worker = any_service.started(SEARCH)
    worker.finish()
    assert any_service.study(worker.study)["state"] == "running"
    assert worker.work().searching
    for number, lrs in ((1, (0.2, 0.3)), (2, (0.4, 0.5))):
        assert append(worker, a_round(number, *lrs)) == RoundReceipt(
            number=number, cells=4, new=True
        )
        assert len(worker.work().trials) == 8
        worker.finish()
    ended = any_service.study(worker.study)
    assert (ended["state"], ended["counts"]["completed"], ended["progress"]) == ("completed", 56, 1)
    indexes = [t["index"] for t in trials(any_service, worker.study)]
    assert indexes == list(range(56))


def trials(service: Service, study: str) -> list[dict[str, Any]]:
    answer = service.http.get(f"/v1/studies/{study}/trials", params={"limit": 1000})
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_posting_a_round_again_changes_nothing(any_service: Service) -> None:
    worker = any_service.started(SEARCH)
    worker.finish()
    append(worker, a_round(1, 0.2, 0.3))
    before = search(worker)
    assert append(worker, a_round(1, 0.6)) == RoundReceipt(number=1, cells=4, new=False)
    assert search(worker) == before
    assert [c.point["lr"] for c in before.cells if c.round == 1] == [0.2, 0.3, 0.2, 0.3]


def test_two_drivers_append_one_round(any_service: Service) -> None:
    worker = any_service.started(SEARCH)
    worker.finish()
    receipts: list[RoundReceipt] = []

    def drive(*lrs: float) -> None:
        other = Worker(connected(any_service.server.url), *identity)
        receipts.append(append(other, a_round(1, *lrs)))
        other.http.close()

    identity = (worker.study, worker.token)
    threads = [threading.Thread(target=drive, args=(0.2 + i / 100, 0.5)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.new for r in receipts) == [False, False, False, True]
    assert {r.cells for r in receipts} == {4}
    assert len(search(worker).cells) == (STARTED + 2) * ARMS


def test_a_round_waits_for_the_trials_before_it(service: Service) -> None:
    worker = service.started(SEARCH)
    assert append(worker, a_round(1, 0.2)) == RoundReceipt(number=1, cells=0, new=False)
    service.http.post(f"/v1/studies/{worker.study}/pause")
    assert append(worker, a_round(1, 0.2)).cells == 0
    assert search(worker).next_round == 1


def test_the_history_tells_every_seed_of_every_point(service: Service) -> None:
    worker = service.started({**SEARCH, "max_attempts": 1})
    lease = worker.lease(*range(STARTED * ARMS * SEEDS)).lease
    worker.post(lease, *range(4, 40))
    worker.post(lease, 1, make=diverged)
    worker.post(lease, 0)
    worker.post(lease, failures={2: "died", 3: "died"})
    found = search(worker)
    assert found.spec == service.study(worker.study)["spec"]
    assert [(c.arm, c.round) for c in found.cells] == [(a, 0) for a in (0, 1) for _ in range(10)]
    first, second, third = found.cells[:3]
    cap = found.arms[0].cap
    assert cap is not None
    assert (first.values, first.diverged, first.failed) == ([0.25, cap], 1, 0)
    assert (second.values, second.diverged, second.failed) == ([], 0, 2)
    assert third.values == [0.25 + 4 / 64, 0.25 + 5 / 64]


FAULTS: list[tuple[Callable[[dict[str, Any]], None], str, str]] = [
    (lambda b: b.update(number=2), "number", "1, the next round"),
    (lambda b: b["arms"].pop(), "arms", "each arm once: "),
    (lambda b: b["arms"][1]["points"].pop(), "arms", "the same number of points for every arm"),
    (lambda b: [a["points"].clear() for a in b["arms"]], "arms", "at least 1"),
    (lambda b: b["arms"][0]["points"][1].update(lr=1.5), "arms[0].points[1]", "lr in [0.01, 1.0]"),
    (lambda b: b["arms"][1]["points"][0].pop("lr"), "arms[1].points[0]", "lr in [0.01, 1.0]"),
    (
        lambda b: b["arms"][1]["points"].__setitem__(1, b["arms"][1]["points"][0]),
        "arms[1].points[1]",
        "a point not trained yet",
    ),
    (
        lambda b: [
            a["points"].extend({"lr": 0.5 + i / 9, "init_scale": 1} for i in range(3))
            for a in b["arms"]
        ],
        "arms",
        "at most 8 in all, the rest of the budget",
    ),
]


@pytest.mark.parametrize(("break_it", "path", "expected"), FAULTS)
def test_a_round_that_cannot_be_is_refused_whole(
    service: Service, break_it: Callable[[dict[str, Any]], None], path: str, expected: str
) -> None:
    worker = service.started(SEARCH)
    worker.finish()
    body = a_round(1, 0.2, 0.3)
    break_it(body)
    answer = post(worker, body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["path"], expected in error["expected"]) == (path, True), error
    assert len(search(worker).cells) == STARTED * ARMS


def test_another_studys_token_reads_and_appends_nothing(service: Service) -> None:
    worker = service.started(SEARCH)
    stranger = Worker(worker.http, worker.study, service.started(SPEC).token)
    assert post(stranger, a_round(1, 0.2)).status_code == 404
    headers = {"Authorization": f"Bearer {stranger.token}"}
    path = f"/v1/worker/studies/{worker.study}/search"
    assert worker.http.get(path, headers=headers).status_code == 404


def test_a_cancelled_search_plans_nothing_more(service: Service) -> None:
    worker = service.started(SEARCH)
    service.http.post(f"/v1/studies/{worker.study}/cancel")
    ended = service.study(worker.study)
    assert ended["trials"] == ended["counts"]["cancelled"] == STARTED * ARMS * SEEDS


def test_a_search_given_up_is_failed_and_retry_takes_it_up(service: Service) -> None:
    worker = service.started(SEARCH)
    worker.finish()
    with service.store.write() as session:
        found = studies.lock(session, worker.study)
        for job in jobs.of_study(session, found.id):
            job.status, job.progress = "FAILED", job_steps.ended_trials(found)
        assert job_steps.give_up(session, found.id, 1)
    failed = service.study(worker.study)
    assert failed["state"] == "failed"
    assert "got nowhere" in failed["message"]
    service.http.post(f"/v1/studies/{worker.study}/retry")
    again = service.study(worker.study)
    assert (again["state"], again["trials"]) == ("queued", 56)


def test_a_search_is_extended_by_seeds_once_it_has_ended(service: Service) -> None:
    worker = service.started(SEARCH)
    path = f"/v1/studies/{worker.study}/extend"
    worker.finish()
    early = service.http.post(path, json={"seeds": 3})
    assert early.status_code == 409
    assert "rounds of its search to come" in early.json()["detail"]
    for number, lrs in ((1, (0.2, 0.3)), (2, (0.4, 0.5))):
        append(worker, a_round(number, *lrs))
        worker.finish()
    wider = service.http.post(path, json={"axes": {"lr": {"log": [0.01, 10]}}})
    assert wider.status_code == 422
    assert wider.json()["errors"][0]["expected"] == "only a plain grid has its axes widened"
    assert service.http.post(path, json={"seeds": 3}).json()["trials"] == 14 * ARMS * 3


def test_rounds_take_results_that_are_there_already(any_service: Service) -> None:
    same = {"inputs": {"data": "the same"}}
    first = any_service.started(SEARCH)
    first.finish(**same)
    append(first, a_round(1, 0.2, 0.3))
    first.finish(**same)
    second = any_service.started(SEARCH)
    second.finish(**same)
    begun = any_service.study(second.study)
    assert (begun["state"], begun["reused"]) == ("running", STARTED * ARMS * SEEDS)
    assert append(second, a_round(1, 0.2, 0.3)).new
    second.finish(**same)
    assert any_service.study(second.study)["reused"] == (STARTED + 2) * ARMS * SEEDS
    assert [c.values for c in search(second).cells] == [c.values for c in search(first).cells]
    append(second, a_round(2, 0.4, 0.5))
    waiting = [trial.index for trial in second.work().trials]
    assert len(second.lease(*waiting, **same).granted) == 2 * ARMS * SEEDS


def test_a_search_has_a_report_on_bins(service: Service) -> None:
    drawn = {**SEARCH, "search": {"sampler": "sobol", "trials": 24}}
    worker = service.started(drawn)
    worker.finish()
    report = service.http.get(f"/v1/studies/{worker.study}/report")
    assert report.is_success, report.text
    [group] = report.json()["groups"]
    assert {rule["rule"] for rule in group["rules"]} == {"additive", "hybrid"}
    assert report.json()["study"]["settings"]["search"] == "sobol, 24 points a rule, seed 0"


def test_a_search_keeps_within_the_quota_of_open_trials(
    sqlite: str, make_service: Callable[..., Service]
) -> None:
    small = make_service(sqlite, owner_open_trials=100)
    small.submit(SEARCH)
    answer = small.http.post("/v1/studies", json=SEARCH)
    assert answer.status_code == 403
    assert "has 56 open trials and asked for 56 more" in answer.json()["detail"]


def test_the_schema_before_rounds_keeps_the_cells_they_made(any_service: Service) -> None:
    worker = any_service.started(SEARCH)
    worker.finish()
    append(worker, a_round(1, 0.2, 0.3))
    downgrade(any_service.store, "0002")
    migrate(any_service.store)
    found = search(worker)
    assert len(found.cells) == (STARTED + 2) * ARMS
    assert (found.next_round, found.finished) == (1, True)
