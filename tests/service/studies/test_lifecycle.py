"""Pausing, resuming, retrying, extending, deleting and tagging."""

from typing import Any

import pytest

from gofau_service.reconciler.ray_jobs import JobStatus
from gofau_studies.spec.cells import cells
from gofau_studies.spec.parsing import parse_spec
from tests.service.fakes import SPEC, TRIALS, Service
from tests.service.studies.test_leases import assert_consistent


def call(service: Service, study: str, action: str, **options: Any) -> dict[str, Any]:
    answer = service.http.post(f"/v1/studies/{study}/{action}", **options)
    assert answer.is_success, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_paused_study_gives_back_its_trials_and_goes_on_when_resumed(
    any_service: Service,
) -> None:
    worker = any_service.started()
    lease = worker.lease(0, 1)
    worker.post(lease.lease, 0)
    assert call(any_service, worker.study, "pause")["state"] == "paused"
    assert worker.beat(lease.lease).stop
    assert worker.lease(5).granted == []
    assert worker.work().trials == []
    any_service.reconciler.look()
    any_service.reconciler.look()
    assert any_service.runner.jobs[f"gofau-{worker.study}-1"] is JobStatus.STOPPED
    paused = any_service.study(worker.study)
    assert (paused["state"], paused["counts"]["waiting"]) == ("paused", TRIALS - 1)
    assert call(any_service, worker.study, "resume")["state"] == "queued"
    any_service.reconciler.look()
    second = any_service.worker(worker.study)
    assert {t.attempts for t in second.work().trials} == {0}
    second.finish()
    assert any_service.study(worker.study)["state"] == "completed"


def test_results_that_arrive_while_paused_count(service: Service) -> None:
    worker = service.started()
    lease = worker.lease(*range(TRIALS))
    call(service, worker.study, "pause")
    assert worker.post(lease.lease, *range(TRIALS)).stored == TRIALS
    assert service.study(worker.study)["state"] == "completed"


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
def test_an_ended_study_refuses_a_change_of_course(service: Service, action: str) -> None:
    worker = service.started()
    worker.finish()
    answer = service.http.post(f"/v1/studies/{worker.study}/{action}")
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith(f"study {worker.study} is completed; only")


def test_failed_trials_are_retried_with_all_their_attempts(any_service: Service) -> None:
    worker = any_service.started({**SPEC, "max_attempts": 1})
    lease = worker.lease(*range(TRIALS))
    worker.post(lease.lease, *range(2, TRIALS), failures={0: "boom", 1: "boom"})
    retried = call(any_service, worker.study, "retry")
    assert (retried["state"], retried["counts"]["waiting"]) == ("queued", 2)
    assert retried["counts"]["failed"] == 0
    any_service.runner.jobs[f"gofau-{worker.study}-1"] = JobStatus.SUCCEEDED
    any_service.reconciler.look()
    second = any_service.worker(worker.study)
    assert [(t.index, t.attempts) for t in second.work().trials] == [(0, 0), (1, 0)]
    second.finish()
    assert any_service.study(worker.study)["counts"]["completed"] == TRIALS
    assert_consistent(any_service.store, worker.study)


def test_extending_runs_only_what_is_new(any_service: Service) -> None:
    worker = any_service.started()
    worker.finish()
    wider = {"lr": {"log": [0.001, 1.0], "points": 4}}
    body = {"seeds": 3, "axes": wider}
    extended = call(any_service, worker.study, "extend", json=body)
    expected = 2 * 4 * 2 * 3
    assert (extended["state"], extended["trials"]) == ("queued", expected)
    assert extended["counts"]["completed"] == TRIALS
    again = call(any_service, worker.study, "extend", json=body)
    assert again["trials"] == expected
    any_service.runner.jobs[f"gofau-{worker.study}-1"] = JobStatus.SUCCEEDED
    any_service.reconciler.look()
    second = any_service.worker(worker.study)
    page = second.work()
    assert [t.index for t in page.trials] == list(range(TRIALS, expected))
    whole = parse_spec({**SPEC, "seeds": 3, "axes": {**SPEC["axes"], **wider}})
    old = {cell.key for cell in cells(parse_spec(SPEC))}
    new = {cell.key for cell in cells(whole)} - old
    assert {(t.cell, t.seed) for t in page.trials} == {
        *((key, 2) for key in old),
        *((key, seed) for key in new for seed in range(3)),
    }
    second.finish()
    done = any_service.study(worker.study)
    assert (done["state"], done["spec_hash"]) == ("completed", whole.hash)
    assert_consistent(any_service.store, worker.study)
    report = any_service.http.get(f"/v1/studies/{worker.study}/report").json()
    assert [rule["results"] for rule in report["groups"][0]["rules"]] == [expected // 2] * 2


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"seeds": 1}, "seeds"),
        ({"seeds": [7, 8]}, "seeds"),
        ({"axes": {"lr": {"log": [0.1, 1.0], "points": 3}}}, "axes.lr"),
        ({"axes": {"gamma": {"values": [0.1]}}}, "rules[1].gamma"),
        ({"axes": {"weight_decay": {"values": [0.1]}}}, "axes"),
        ({"axes": {"lr": 3}}, "axes.lr"),
        ({"rules": []}, "rules"),
        ({"seeds": 10**7}, "seeds"),
        ({"seeds": "5"}, "seeds"),
        ({"seeds": True}, "seeds"),
        ({"seeds": 5.5}, "seeds"),
        ({"seeds": {}}, "seeds"),
        ({"seeds": [0, 1, "x"]}, "seeds[2]"),
    ],
)
def test_an_extension_that_loses_something_changes_nothing(
    service: Service, body: dict[str, Any], path: str
) -> None:
    study = service.submit()
    answer = service.http.post(f"/v1/studies/{study['id']}/extend", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == path
    assert service.study(study["id"]) == study


def test_an_ended_study_is_deleted_with_its_trials(any_service: Service) -> None:
    worker = any_service.started()
    worker.finish()
    any_service.runner.jobs[f"gofau-{worker.study}-1"] = JobStatus.SUCCEEDED
    any_service.reconciler.look()
    kept = any_service.submit({**SPEC, "name": "kept"})
    path = f"/v1/studies/{worker.study}"
    assert any_service.http.delete(path).status_code == 204
    assert any_service.http.get(path).status_code == 404
    assert any_service.http.delete(path).status_code == 404
    assert any_service.study(kept["id"])["trials"] == TRIALS


def test_an_open_study_is_deleted_by_force_once_its_job_has_ended(any_service: Service) -> None:
    worker = any_service.started()
    path = f"/v1/studies/{worker.study}"
    refused = any_service.http.delete(path)
    assert refused.status_code == 409
    assert refused.json()["detail"].endswith("an open study is deleted with force=true only")
    assert any_service.http.delete(path, params={"force": True}).status_code == 202
    assert any_service.study(worker.study)["state"] == "cancelling"
    any_service.reconciler.look()
    any_service.reconciler.look()
    assert any_service.http.get(path).status_code == 404
    assert any_service.runner.stopped == [f"gofau-{worker.study}-1"]


def test_tags_are_replaced(service: Service) -> None:
    study = service.submit({**SPEC, "tags": ["old"]})["id"]
    answer = service.http.patch(f"/v1/studies/{study}", json={"tags": ["b", "a", "a"]})
    assert answer.json()["tags"] == ["a", "b"]
    bad = service.http.patch(f"/v1/studies/{study}", json={"tags": [""], "name": "x"})
    assert [e["path"] for e in bad.json()["errors"]] == ["tags[0]", "name"]
