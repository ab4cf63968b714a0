"""The reconciler against a fake cluster: every loss is followed by the right next step."""

from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import pytest

from gofau_service.reconciler.ray_jobs import JobStatus
from gofau_service.reconciler.reconciler import fair_order
from tests.service.fakes import SPEC, TRIALS, Service


def name(study: str, sequence: int = 1) -> str:
    return f"gofau-{study}-{sequence}"


def test_a_queued_study_gets_one_job(any_service: Service) -> None:
    study = any_service.submit()["id"]
    for _ in range(3):
        any_service.reconciler.look()
    assert list(any_service.runner.jobs) == [name(study)]
    request = any_service.runner.requests[0]
    assert request.entrypoint.endswith("-m gofau_workers.driver")
    assert request.environment["GOFAU_STUDY"] == study
    assert request.environment["GOFAU_TICKET"] not in repr(request) + request.entrypoint


def test_running_studies_are_capped(service: Service) -> None:
    ids = [service.submit({**SPEC, "name": f"s{i}"})["id"] for i in range(4)]
    service.reconciler.look()
    assert [service.study(i)["state"] for i in ids] == ["running", "running", "queued", "queued"]
    service.worker(ids[0]).finish()
    service.reconciler.look()
    assert service.study(ids[2])["state"] == "running"


def test_owners_take_turns() -> None:
    queue = [SimpleNamespace(id=i, owner=o) for i, o in enumerate("aaabc")]
    order = fair_order(queue, Counter({"b": 1}), 3)  # type: ignore[arg-type]
    assert [study.id for study in order] == [0, 4, 1, 3, 2]


def test_a_job_that_ends_early_is_followed_by_another_for_what_is_missing(
    any_service: Service,
) -> None:
    worker = any_service.started()
    lease = worker.lease(0, 1, 2, 3)
    worker.post(lease.lease, 0, 1)
    any_service.runner.jobs[name(worker.study)] = JobStatus.FAILED
    any_service.runner.logs[name(worker.study)] = "Traceback: out of memory"
    any_service.reconciler.look()
    counts = any_service.study(worker.study)["counts"]
    assert (counts["completed"], counts["running"], counts["waiting"]) == (2, 0, TRIALS - 2)
    assert list(any_service.runner.jobs)[1:] == [name(worker.study, 2)]
    second = any_service.worker(worker.study)
    assert second.token != worker.token
    attempts = {t.index: t.attempts for t in second.work().trials}
    assert (attempts[2], attempts[4]) == (1, 0)
    headers = {"Authorization": f"Bearer {worker.token}"}
    path = f"/v1/worker/studies/{worker.study}/work"
    assert any_service.http.get(path, headers=headers).status_code == 401
    second.finish()
    assert any_service.study(worker.study)["state"] == "completed"


def test_jobs_that_get_nowhere_are_given_up_with_their_error(service: Service) -> None:
    study = service.submit()["id"]
    for sequence in range(1, service.settings.job_tries + 1):
        for _ in range(10):
            service.reconciler.look()
            service.clock.at += 10
        assert list(service.runner.jobs)[-1] == name(study, sequence)
        service.runner.jobs[name(study, sequence)] = JobStatus.FAILED
        service.runner.logs[name(study, sequence)] = "No module named workers"
    service.reconciler.look()
    ended = service.study(study)
    assert (ended["state"], ended["counts"]["failed"]) == ("failed", TRIALS)
    message = "5 jobs in a row got nowhere; the last one said: No module named workers"
    assert ended["message"] == message
    assert service.http.get(f"/v1/studies/{study}/trials/3").json()["error"] == message


def test_jobs_are_retried_later_and_later(service: Service) -> None:
    study = service.submit()["id"]
    service.reconciler.look()
    begun = []
    for _ in range(200):
        service.runner.jobs[list(service.runner.jobs)[-1]] = JobStatus.FAILED
        before = len(service.runner.jobs)
        service.reconciler.look()
        if len(service.runner.jobs) > before:
            begun.append(service.clock.at)
        service.clock.at += 1
    pauses = [later - earlier for earlier, later in pairwise(begun)]
    assert pauses == [1 + 4, 1 + 8, 1 + 16]  # each job fails a second after it began
    assert service.study(study)["state"] == "failed"


def test_a_crash_between_submission_and_record_is_harmless(any_service: Service) -> None:
    study = any_service.submit()["id"]
    submit = any_service.runner.submit

    def crash(request: object) -> None:
        submit(request)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    any_service.runner.submit = crash  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        any_service.reconciler.look()
    any_service.runner.submit = submit  # type: ignore[method-assign]
    any_service.reconciler.look()
    assert list(any_service.runner.jobs) == [name(study)]
    any_service.worker(study).finish()
    assert any_service.study(study)["state"] == "completed"


def test_a_crash_before_submission_is_harmless(service: Service) -> None:
    study = service.submit()["id"]
    service.runner.away = True
    service.reconciler.look()
    waiting = service.study(study)
    assert waiting["state"] == "running"
    assert waiting["message"] == "waiting for the Ray cluster: Ray: gone"
    service.runner.away = False
    service.reconciler.look()
    assert service.study(study)["message"] is None
    service.worker(study).finish()
    assert service.study(study)["state"] == "completed"


def test_a_cluster_that_is_lost_and_back_is_given_the_rest(service: Service) -> None:
    worker = service.started()
    lease = worker.lease(0, 1)
    worker.post(lease.lease, 0)
    service.runner.away = True
    service.reconciler.look()
    service.runner.away = False
    service.runner.jobs.clear()
    service.reconciler.look()
    assert list(service.runner.jobs) == [name(worker.study, 2)]
    second = service.worker(worker.study)
    assert [t.attempts for t in second.work().trials] == [0] * (TRIALS - 1)
    second.finish()
    assert service.study(worker.study)["counts"]["completed"] == TRIALS


def test_cancelling_stops_the_job(any_service: Service) -> None:
    worker = any_service.started()
    lease = worker.lease(0, 1, 2)
    worker.post(lease.lease, 0)
    cancelled = any_service.http.post(f"/v1/studies/{worker.study}/cancel").json()
    assert (cancelled["state"], cancelled["counts"]["cancelled"]) == ("cancelling", TRIALS - 1)
    any_service.reconciler.look()
    any_service.reconciler.look()
    assert any_service.runner.stopped == [name(worker.study)]
    study = any_service.study(worker.study)
    assert (study["state"], study["message"]) == ("cancelled", "cancelled on request")
    assert (study["counts"]["completed"], study["progress"]) == (1, 1.0)


def test_cancelling_twice_changes_nothing_and_an_ended_study_is_not_cancelled(
    service: Service,
) -> None:
    study = service.submit()["id"]
    first = service.http.post(f"/v1/studies/{study}/cancel").json()
    assert first["state"] == "cancelled"
    assert service.http.post(f"/v1/studies/{study}/cancel").json() == first
    done = service.started()
    done.finish()
    refused = service.http.post(f"/v1/studies/{done.study}/cancel")
    assert refused.status_code == 409
    assert refused.json()["detail"].endswith("is completed; only an open study is cancelled")


def test_an_ended_study_lets_its_job_wind_down(service: Service) -> None:
    worker = service.started()
    worker.finish()
    service.reconciler.look()
    assert service.runner.stopped == []
    service.clock.at += service.settings.job_linger_s
    service.reconciler.look()
    assert service.runner.stopped == [name(worker.study)]


def test_two_replicas_never_act_at_once(any_service: Service) -> None:
    second = any_service.replica()
    assert any_service.reconciler.look()
    assert not second.look()
    any_service.clock.at += any_service.settings.leader_ttl_s - 1
    assert any_service.reconciler.look()
    assert not second.look()
    any_service.clock.at += any_service.settings.leader_ttl_s
    assert second.look()
    assert not any_service.reconciler.look()
    study = any_service.submit()["id"]
    assert not any_service.reconciler.look()
    assert any_service.runner.jobs == {}
    second.look()
    assert list(any_service.runner.jobs) == [name(study)]


def test_without_a_cluster_a_study_says_why_it_waits(service: Service) -> None:
    from gofau_service.reconciler.reconciler import Reconciler

    study = service.submit()["id"]
    Reconciler(service.store, None, service.settings, service.clock).look()
    waiting = service.study(study)
    assert waiting["state"] == "queued"
    assert waiting["message"] == "waiting: no Ray cluster is configured (GOFAU_RAY_ADDRESS)"
