"""Results are asked for at the lease: of the same cell, seed, code and inputs, in any study."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from gofau_service.store.engine import Store
from gofau_service.store.tables.provenance import EnvironmentRow, InputsRow
from gofau_service.store.tables.trials import Trial
from gofau_studies.spec.canonical import content_hash
from tests.service.fakes import ENVIRONMENT, SPEC, TRIALS, Service, Worker
from tests.service.studies.test_leases import assert_consistent

SAME = {"inputs": {"data": "labels as they were"}}
OTHER = {"inputs": {"data": "labels permuted"}}
ALL = range(TRIALS)


def rows(store: Store, table: type[Any]) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def copies(service: Service, count: int, **options: Any) -> list[Worker]:
    """Open studies of one spec, all of them running."""
    ids = [service.submit(SPEC, **options)["id"] for _ in range(count)]
    service.reconciler.look()
    return [service.worker(study) for study in ids]


def test_a_lease_takes_results_of_other_studies(any_service: Service) -> None:
    first = any_service.started()
    first.post(first.lease(0, 1, 2, **SAME).lease, 0, 1)
    second = any_service.started({**SPEC, "name": "wider", "seeds": 3})
    before = any_service.study(second.study)["revision"]
    lease = second.lease(0, 1, 2, 3, **SAME, environment={"isa": "AVX512"})
    assert (lease.granted, lease.reused) == ([2, 3], 2)
    found = any_service.study(second.study)
    assert (found["reused"], found["counts"]["completed"], found["counts"]["running"]) == (2, 2, 2)
    assert found["outcomes"]["reached_target"] == 2
    assert found["revision"] > before
    trial = any_service.http.get(f"/v1/studies/{second.study}/trials/1").json()
    source = any_service.http.get(f"/v1/studies/{first.study}/trials/1").json()
    assert (trial["source_study"], trial["attempts"]) == (first.study, 0)
    same = ("outcome", "value", "best", "metrics", "curves", "cell", "code_version", "seed")
    for name in (*same, "inputs", "environment"):
        assert trial[name] == source[name]
    assert_consistent(any_service.store, second.study)


def test_changed_data_are_trained_on_anew(any_service: Service) -> None:
    any_service.started().finish(**SAME)
    second = any_service.started()
    lease = second.lease(*ALL, **OTHER)
    assert (len(lease.granted), lease.reused) == (TRIALS, 0)


def test_a_study_whose_results_are_all_there_ends_at_its_lease(any_service: Service) -> None:
    any_service.started().finish(**SAME)
    second = any_service.started()
    lease = second.lease(*ALL, **SAME)
    assert (lease.granted, lease.reused) == ([], TRIALS)
    found = any_service.study(second.study)
    assert (found["state"], found["reused"], found["progress"]) == ("completed", TRIALS, 1.0)
    events = any_service.http.get(f"/v1/studies/{second.study}/events", params={"results": True})
    assert events.text.count("event: result") == TRIALS
    assert_consistent(any_service.store, second.study)


def test_open_copies_of_a_study_train_each_trial_once(
    sqlite: str, make_service: Callable[..., Service]
) -> None:
    service = make_service(sqlite, max_running_studies=4, owner_running_studies=4)
    workers = copies(service, 4)
    trained = 0
    for start in range(0, TRIALS, 6):
        pack = range(start, start + 6)
        for worker in workers[start % 4 :] + workers[: start % 4]:
            lease = worker.lease(*pack, **SAME)
            worker.post(lease.lease, *lease.granted)
            trained += len(lease.granted)
    assert trained == TRIALS
    for worker in workers:
        assert service.study(worker.study)["state"] == "completed"
        assert_consistent(service.store, worker.study)
    assert rows(service.store, InputsRow) == rows(service.store, EnvironmentRow) == 1


def test_what_two_studies_train_at_once_counts_once_in_each(any_service: Service) -> None:
    one, two = copies(any_service, 2)
    leases = [worker.lease(*ALL, **SAME) for worker in (one, two)]
    assert [len(lease.granted) for lease in leases] == [TRIALS, TRIALS]
    for worker, lease in zip((one, two), leases, strict=True):
        worker.post(lease.lease, *ALL)
        found = any_service.study(worker.study)
        assert (found["counts"]["completed"], found["reused"]) == (TRIALS, 0)
        assert_consistent(any_service.store, worker.study)


def test_a_study_that_asked_for_fresh_results_trains_all(service: Service) -> None:
    service.started().finish(**SAME)
    [fresh] = copies(service, 1, params={"reuse": "false"})
    assert len(fresh.lease(*ALL, **SAME).granted) == TRIALS


def test_results_of_unknown_inputs_are_neither_given_nor_taken(service: Service) -> None:
    first = service.started()
    first.post(first.lease(0, inputs=None).lease, 0)
    first.post(first.lease(1, **SAME).lease, 1)
    second = service.started()
    assert second.lease(0, **SAME).granted == [0]
    assert second.lease(1, inputs=None).granted == [1]
    assert service.http.post("/v1/studies/validate", json=SPEC).json()["reusable"] == 1


def test_added_seeds_are_asked_for_too(service: Service) -> None:
    service.started({**SPEC, "seeds": 3}).finish(**SAME)
    second = service.started()
    second.post(second.lease(*range(TRIALS - 1), **OTHER).lease, *range(TRIALS - 1))
    service.http.post(f"/v1/studies/{second.study}/extend", json={"seeds": 4})
    waiting = [trial.index for trial in second.work().trials if trial.index >= TRIALS]
    lease = second.lease(*waiting, **SAME)
    assert (lease.reused, len(lease.granted)) == (TRIALS // 2, TRIALS // 2)
    assert_consistent(service.store, second.study)


def refused(service: Service, worker: Worker, **told: Any) -> dict[str, Any]:
    body = {"worker": "node-7:42", "trials": [0], "code_version": "0.0+other", **told}
    path = f"/v1/worker/studies/{worker.study}/leases"
    headers = {"Authorization": f"Bearer {worker.token}"}
    answer: dict[str, Any] = service.http.post(path, json=body, headers=headers).json()
    return answer


def test_a_worker_of_another_gofau_is_leased_nothing(any_service: Service) -> None:
    worker = any_service.started()
    problem = refused(any_service, worker)
    assert problem["status"] == 409
    assert "worker node-7:42 has gofau 0.0+other, the service has" in problem["detail"]
    assert rows(any_service.store, InputsRow) == 0
    assert any_service.study(worker.study)["counts"]["waiting"] == TRIALS


def test_a_driver_that_is_refused_fails_the_study_in_words(any_service: Service) -> None:
    worker = any_service.started()
    worker.post(worker.lease(0).lease, 0)
    lease = worker.lease(1)
    for _ in range(2):
        worker.fail("workers have another gofau")
    found = any_service.study(worker.study)
    assert (found["state"], found["counts"]["failed"]) == ("completed", TRIALS - 1)
    assert "another gofau" in found["message"]
    assert worker.post(lease.lease, 1).refused == 1
    trial = any_service.http.get(f"/v1/studies/{worker.study}/trials/2").json()
    assert (trial["error"], trial["attempts"]) == ("workers have another gofau", 0)
    assert_consistent(any_service.store, worker.study)
    again = any_service.http.post(f"/v1/studies/{worker.study}/retry").json()
    assert (again["state"], again["counts"]["waiting"]) == ("queued", TRIALS - 1)


def test_a_study_without_a_result_fails_with_the_reason(service: Service) -> None:
    worker = service.started()
    worker.fail("workers have another gofau")
    found = service.study(worker.study)
    assert (found["state"], found["message"]) == ("failed", "workers have another gofau")


@pytest.mark.parametrize(
    "told",
    [
        {"inputs": {"text": "x" * 70_000}},
        {"environment": {"text": "x" * 501}},
        {"environment": {"nested": {}}},
        {"inputs": {"a\0": 1}},
    ],
)
def test_records_that_cannot_be_kept_are_refused(service: Service, told: dict[str, Any]) -> None:
    assert refused(service, service.started(), **told)["status"] == 422


def test_what_a_result_depended_on_is_told(any_service: Service) -> None:
    worker = any_service.started()
    worker.post(worker.lease(0, **SAME).lease, 0)
    trial = any_service.http.get(f"/v1/studies/{worker.study}/trials/0").json()
    assert trial["inputs"] == content_hash(SAME["inputs"])[:32]
    assert trial["environment"] == content_hash(ENVIRONMENT)[:32]
    found = any_service.http.get(f"/v1/studies/{worker.study}/provenance").json()
    one = {"digest": trial["environment"], "trials": 1, "record": ENVIRONMENT}
    assert found["environments"] == [one]
    [seen] = found["inputs"]
    assert (seen["problem"], seen["rule"], seen["record"]) == (
        "digits-mlp",
        "additive",
        SAME["inputs"],
    )
    with any_service.store.read() as session:
        kept = session.scalars(select(Trial.environment).where(Trial.index == 0)).one()
    assert kept == trial["environment"]


def test_a_report_says_what_its_results_depended_on(service: Service) -> None:
    worker = service.started()
    half = TRIALS // 2
    worker.post(worker.lease(*range(half), **SAME).lease, *range(half))
    other = {**ENVIRONMENT, "isa": "AVX512"}
    lease = worker.lease(*range(half, TRIALS), inputs={"data": "of B"}, environment=other)
    worker.post(lease.lease, *range(half, TRIALS))
    report = service.http.get(f"/v1/studies/{worker.study}/report").json()
    told = report["provenance"]
    assert [(e["trials"], e["record"]["isa"]) for e in told["environments"]] == [
        (half, isa) for isa in sorted(["AVX2", "AVX512"], key=_digest_of)
    ]
    assert sum(one["trials"] for one in told["inputs"]) == TRIALS
    assert any("which differ in isa (" in note for note in report["notes"])
    page = service.http.get(f"/v1/studies/{worker.study}/report.html").text
    assert "computed on" in page
    export = service.http.get(f"/v1/studies/{worker.study}/export").text.splitlines()
    assert {"inputs", "environment"} <= set(export[0].split(","))


def _digest_of(isa: str) -> str:
    return content_hash({**ENVIRONMENT, "isa": isa})
