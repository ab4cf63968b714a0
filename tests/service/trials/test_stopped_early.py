"""Trials that successive halving stopped: counted by themselves, and out of every average."""

from typing import Any

from gofau_service.store import cells
from gofau_service.store import studies as repository
from gofau_service.store.recount import tallied
from tests.service.fakes import SPEC, TRIALS, Service, result

HALVED: dict[str, Any] = {**SPEC, "halving": {"first": 1}}


def ending(index: int) -> dict[str, Any]:
    """Every second seed of a cell is stopped, with the better value."""
    if index % 2 == 0:
        return result(index)
    metrics = {"val_loss": 0.001, "val_accuracy": 0.9}
    return result(index, outcome="stopped_early", metrics=metrics)


def test_stopped_trials_are_counted_and_not_averaged(any_service: Service) -> None:
    worker = any_service.started(HALVED)
    lease = worker.lease(*range(TRIALS))
    assert worker.post(lease.lease, *range(TRIALS), make=ending).stored == TRIALS
    study = any_service.study(worker.study)
    assert study["state"] == "completed"
    assert study["outcomes"]["stopped_early"] == TRIALS // 2
    cell = any_service.http.get(f"/v1/studies/{worker.study}/cells").json()["items"][0]
    kept = result(0)["metrics"]["val_loss"]
    assert (cell["completed"], cell["stopped_early"]) == (2, 1)
    assert cell["mean"] == cell["minimum"] == cell["maximum"] == kept
    assert_consistent(any_service, worker.study)


def assert_consistent(service: Service, public_id: str) -> None:
    with service.store.read() as session:
        study = repository.find(session, public_id)
        for arm in cells.arms(session, study.id).values():
            for row in tallied(session, study, arm, minimize=True):
                cell = cells.by_ordinal(session, study.id, [row["at"]])[row["at"]]
                for name in ("stopped_early", "valued", "value_sum", "value_min"):
                    assert getattr(cell, name) == row[name]


def test_a_stopped_trial_needs_no_value(any_service: Service) -> None:
    worker = any_service.started(HALVED)
    lease = worker.lease(0)
    stopped = result(0, outcome="stopped_early", metrics={"val_loss": None})
    assert worker.post(lease.lease, 0, make=lambda _: stopped).stored == 1


def test_nothing_is_reused_under_halving(service: Service) -> None:
    worker = service.started(HALVED)
    same = {"inputs": {"data": "the same"}}
    lease = worker.lease(*range(TRIALS), **same)
    worker.post(lease.lease, *range(TRIALS), make=ending)
    for other in ({**HALVED, "name": "again"}, {**SPEC, "name": "whole"}):
        preview = service.http.post("/v1/studies/validate", json=other)
        assert preview.json()["reusable"] == 0
        again = service.started(other).lease(*range(TRIALS), **same)
        assert (again.reused, len(again.granted)) == (0, TRIALS)


def test_the_report_says_what_was_stopped(service: Service) -> None:
    worker = service.started(HALVED)
    lease = worker.lease(*range(TRIALS))
    worker.post(lease.lease, *range(TRIALS), make=ending)
    report = service.http.get(f"/v1/studies/{worker.study}/report").json()
    assert report["notes"][0].startswith(f"Successive halving stopped {TRIALS // 2} of {TRIALS}")
    assert report["study"]["settings"]["halving"] == (
        "first 1, factor 3, metric val_loss, minimize True"
    )
    (group,) = report["groups"]
    assert {rule["scalars"]["best"]["value"] for rule in group["rules"]} == {None}


def test_the_work_says_how_often_packs_are_saved(service: Service) -> None:
    assert service.started({**SPEC, "checkpoint_every": 3}).work().checkpoint_every == 3
    assert service.started(SPEC).work().checkpoint_every is None


def test_an_axis_of_a_schedule_comes_back_in_every_definition(service: Service) -> None:
    axes = {**SPEC["axes"], "warmup": {"values": [0.0, 0.5]}}
    worker = service.started({**SPEC, "axes": axes, "schedule": "cosine"})
    page = worker.work()
    found = {cell["schedule"]["warmup"] for cell in page.cells.values()}
    assert found == {0.0, 0.5}
    assert len(page.cells) == TRIALS
