"""The protocol of `gofau_studies.protocol.wire`, over SQLite and PostgreSQL."""

import pytest

from gofau_service.store import cells
from gofau_service.store import studies as repository
from gofau_service.store.engine import Store
from gofau_service.store.recount import tallied
from gofau_service.store.tables.studies import Cell
from gofau_studies.protocol.trials import StudyState
from gofau_studies.spec.cells import cells as enumerate_cells
from gofau_studies.spec.parsing import parse_spec
from tests.service.fakes import SPEC, TRIALS, Service, diverged, result


def test_work_hands_out_every_trial_with_its_definition(any_service: Service) -> None:
    worker = any_service.started()
    page = worker.work()
    expected = {cell.key: dict(cell.definition) for cell in enumerate_cells(parse_spec(SPEC))}
    assert page.cells == expected
    assert [trial.index for trial in page.trials] == list(range(TRIALS))
    assert {(t.cell, t.seed) for t in page.trials} == {(k, s) for k in expected for s in (0, 1)}
    assert page.next_after is None


def test_work_comes_in_pages(service: Service) -> None:
    worker = service.started()
    first = worker.work(limit=10)
    second = worker.work(after=first.next_after or 0, limit=20)
    assert [t.index for t in (*first.trials, *second.trials)] == list(range(TRIALS))
    assert (first.next_after, second.next_after) == (9, None)


def test_a_lease_grants_only_what_waits(any_service: Service) -> None:
    worker = any_service.started()
    assert worker.lease(0, 1, 2).granted == [0, 1, 2]
    second = worker.lease(2, 3, 3)
    assert second.granted == [3]
    assert worker.lease(0, 3).granted == []
    assert worker.work().running == 4


def test_a_result_counts_once(any_service: Service) -> None:
    worker = any_service.started()
    lease = worker.lease(0, 1)
    first = worker.post(lease.lease, 0)
    again = worker.post(lease.lease, 0, 0, 1)
    assert (first.stored, first.duplicates, first.refused) == (1, 0, 0)
    assert (again.stored, again.duplicates, again.refused) == (1, 2, 0)
    assert any_service.study(worker.study)["counts"]["completed"] == 2
    assert_consistent(any_service.store, worker.study)


def test_a_result_under_a_lost_lease_is_refused(any_service: Service) -> None:
    worker = any_service.started()
    lost = worker.lease(0, 1, name="lost")
    silence(any_service)
    kept = worker.lease(0, name="kept")
    assert kept.granted == [0]
    receipt = worker.post(lost.lease, 0, 1, make=lambda i: result(i, best=-1.0))
    assert (receipt.stored, receipt.refused) == (0, 2)
    assert worker.post(kept.lease, 0).stored == 1
    trial = any_service.http.get(f"/v1/studies/{worker.study}/trials/0").json()
    assert (trial["best"], trial["attempts"]) == (result(0)["best"], 2)
    assert_consistent(any_service.store, worker.study)


def test_silence_returns_trials_and_at_last_fails_them(any_service: Service) -> None:
    worker = any_service.started()
    for attempt in (1, 2, 3):
        assert worker.lease(0, name=f"w{attempt}").granted == [0]
        silence(any_service)
    trial = any_service.http.get(f"/v1/studies/{worker.study}/trials/0").json()
    assert (trial["state"], trial["attempts"]) == ("failed", 3)
    assert trial["error"] == "worker w3 was not heard of for 60 s"
    assert worker.lease(0).granted == []
    assert_consistent(any_service.store, worker.study)


def test_a_lease_lost_while_nobody_watched_counts_no_attempt(service: Service) -> None:
    worker = service.started()
    worker.lease(0)
    successor = service.replica()
    for _ in range(3):
        service.clock.at += service.settings.lease_ttl_s
        successor.look()
    trial = service.http.get(f"/v1/studies/{worker.study}/trials/0").json()
    assert (trial["state"], trial["attempts"]) == ("waiting", 0)


def test_a_paused_study_takes_its_workers_with_it_and_counts_no_attempt(service: Service) -> None:
    worker = service.started()
    worker.lease(0)
    assert service.http.post(f"/v1/studies/{worker.study}/pause").status_code == 200
    silence(service)
    trial = service.http.get(f"/v1/studies/{worker.study}/trials/0").json()
    assert (trial["state"], trial["attempts"]) == ("waiting", 0)


def test_a_heartbeat_keeps_a_lease(service: Service) -> None:
    worker = service.started()
    lease = worker.lease(0)
    for _ in range(5):
        service.clock.at += 40
        service.reconciler.look()
        assert worker.beat(lease.lease).held
    assert worker.post(lease.lease, 0).stored == 1


def test_a_new_leader_gives_every_lease_a_whole_time_to_live(service: Service) -> None:
    worker = service.started()
    lease = worker.lease(0)
    service.clock.at += 1000
    successor = service.replica()
    successor.look()
    service.clock.at += service.settings.leader_ttl_s
    successor.look()
    assert worker.beat(lease.lease).held


def test_release_takes_the_attempt_back(any_service: Service) -> None:
    worker = any_service.started()
    lease = worker.lease(0, 1)
    worker.post(lease.lease, 1)
    assert not worker.release(lease.lease).held
    assert not worker.release(lease.lease).held
    waiting = {trial.index: trial.attempts for trial in worker.work().trials}
    assert waiting == dict.fromkeys([0, *range(2, TRIALS)], 0)
    assert not worker.beat(lease.lease).held
    assert_consistent(any_service.store, worker.study)


def test_a_failure_waits_again_until_its_attempts_are_used_up(any_service: Service) -> None:
    worker = any_service.started()
    for attempt in (1, 2, 3):
        lease = worker.lease(5)
        assert worker.post(lease.lease, failures={5: f"boom {attempt}"}).stored == 1
        repeated = worker.post(lease.lease, failures={5: f"boom {attempt}"})
        assert (repeated.stored, repeated.duplicates, repeated.refused) == (0, 1, 0)
    trial = any_service.http.get(f"/v1/studies/{worker.study}/trials/5").json()
    assert (trial["state"], trial["error"]) == ("failed", "boom 3")
    assert_consistent(any_service.store, worker.study)


def test_an_incurable_failure_is_the_last(any_service: Service) -> None:
    worker = any_service.started()
    lease = worker.lease(4, 5)
    for stored in (1, 0):
        assert worker.post(lease.lease, failures={5: "no data"}, incurable=True).stored == stored
    assert worker.post(lease.lease, failures={4: "boom"}).stored == 1
    trial = any_service.http.get(f"/v1/studies/{worker.study}/trials/5").json()
    assert (trial["state"], trial["error"], trial["attempts"]) == ("failed", "no data", 1)
    assert {t.index: t.attempts for t in worker.work().trials}[4] == 1
    assert 5 not in {t.index for t in worker.work().trials}
    assert_consistent(any_service.store, worker.study)


def test_a_study_with_failed_trials_completes_and_says_so(service: Service) -> None:
    worker = service.started({**SPEC, "max_attempts": 1})
    lease = worker.lease(*range(TRIALS))
    raised = "Traceback (most recent call last):\n  File ...\nRuntimeError: boom\n"
    worker.post(lease.lease, *range(1, TRIALS), failures={0: raised})
    study = service.study(worker.study)
    said = "1 of its trials failed, the first with RuntimeError: boom"
    assert (study["state"], study["message"]) == ("completed", said)
    assert study["counts"] == {
        "waiting": 0,
        "running": 0,
        "completed": TRIALS - 1,
        "failed": 1,
        "cancelled": 0,
    }


def test_divergence_is_an_outcome_and_counts_as_the_cap(any_service: Service) -> None:
    worker = any_service.started()
    lease = worker.lease(0, 1)
    worker.post(lease.lease, 0, make=diverged)
    worker.post(lease.lease, 1)
    cell = any_service.http.get(f"/v1/studies/{worker.study}/cells").json()["items"][0]
    assert (cell["completed"], cell["nonfinite"], cell["reached_target"]) == (2, 1, 1)
    ln10 = 2.302585092994046
    assert cell["mean"] == pytest.approx((ln10 + result(1)["best"]) / 2)
    assert cell["maximum"] == pytest.approx(ln10)
    detail = any_service.http.get(f"/v1/studies/{worker.study}/trials/0").json()
    assert detail["curves"]["val_loss"] == [2.5, None, None]
    assert detail["metrics"] == {"val_loss": None, "val_accuracy": 0.1}
    assert_consistent(any_service.store, worker.study)


@pytest.mark.parametrize(
    ("changes", "path", "expected"),
    [
        ({"metrics": {"val_accuracy": 1.0}}, "results[0].metrics.val_loss", "the goal metric"),
        (
            {"metrics": {"val_loss": None}},
            "results[0].metrics.val_loss",
            "a number, since it reached_target",
        ),
        ({"index": 999}, "results[0].index", "an index of this study"),
        ({"wall_s": -1}, "results[0].wall_s", "greater than or equal to 0"),
        ({"outcome": "great"}, "results[0].outcome", None),
    ],
)
def test_a_result_that_contradicts_itself_stores_nothing(
    service: Service, changes: dict[str, object], path: str, expected: str | None
) -> None:
    worker = service.started()
    lease = worker.lease(0, 1).lease
    answer = service.http.post(
        f"/v1/worker/leases/{lease}/results",
        json={"results": [result(0, **changes), result(1)]},
        headers={"Authorization": f"Bearer {worker.token}"},
    )
    assert answer.status_code == 422
    error = answer.json()["errors"][0]
    assert error["path"] == path
    assert expected is None or error["expected"] == expected
    assert service.study(worker.study)["counts"]["completed"] == 0


def test_a_stopped_study_tells_its_workers(service: Service) -> None:
    worker = service.started()
    lease = worker.lease(0, 1)
    service.http.post(f"/v1/studies/{worker.study}/cancel")
    status = worker.beat(lease.lease)
    assert (status.held, status.stop) == (False, True)
    receipt = worker.post(lease.lease, 0)
    assert (receipt.stored, receipt.refused, receipt.stop) == (0, 1, True)
    page = worker.work()
    assert (page.trials, page.state) == ([], StudyState.CANCELLING)


def test_a_worker_reaches_its_own_study_only(service: Service) -> None:
    mine = service.started()
    other = service.started({**SPEC, "name": "other", "epochs": 3})
    lease = other.lease(0).lease
    headers = {"Authorization": f"Bearer {mine.token}"}
    for method, path in (
        ("GET", f"/v1/worker/studies/{other.study}/work"),
        ("POST", f"/v1/worker/leases/{lease}/heartbeat"),
        ("POST", f"/v1/worker/leases/{lease}/release"),
    ):
        assert service.http.request(method, path, headers=headers).status_code == 404
    assert service.http.get("/v1/studies", headers=headers).status_code == 403
    assert service.http.get(f"/v1/worker/studies/{mine.study}/work").status_code == 403


def silence(service: Service) -> None:
    """Let every lease fall silent for its time to live."""
    service.reconciler.look()
    service.clock.at += service.settings.lease_ttl_s
    service.reconciler.look()


def assert_consistent(store: Store, public_id: str) -> None:
    """Counts and aggregates are what the trials say."""
    with store.read() as session:
        study = repository.find(session, public_id)
        minimize = study.spec["goal"]["minimize"]
        for arm in cells.arms(session, study.id).values():
            for row in tallied(session, study, arm, minimize):
                cell = session.get_one(Cell, (study.id, row.pop("at")))
                kept = {name: getattr(cell, name) for name in row}
                assert kept == pytest.approx(row)


@pytest.mark.parametrize("index", [2**31, 2**63, -1])
def test_an_index_that_no_trial_can_have_is_refused(service: Service, index: int) -> None:
    worker = service.started()
    body = {"worker": "w", "code_version": "c", "trials": [index]}
    headers = {"Authorization": f"Bearer {worker.token}"}
    url = f"/v1/worker/studies/{worker.study}/leases"
    refused = service.http.post(url, json=body, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["path"] == "trials[0]"
