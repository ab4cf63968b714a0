"""Learning curves, importances and notes of a study's report, from what its worker posted."""

import math
from typing import Any

import pytest

from gofau_service.client import Client
from gofau_service.reports import supplements as beside
from tests.service.fakes import SPEC, Service, diverged, result

AXES = {
    "lr": {"log": [0.01, 1.0], "points": 5},
    "init_scale": {"log": [0.5, 2.0], "points": 3},
}
PER_RULE = 5 * 3 * 2


def trained(index: int) -> dict[str, Any]:
    """Better towards the middle of each axis; the largest learning rate diverges."""
    lr, init = index % PER_RULE // 6, index % 6 // 2
    if lr == 4:
        return diverged(index)
    loss = 0.1 + 0.3 * abs(lr - 2) + 0.05 * abs(init - 1) + 0.01 * (index % 2)
    metrics = {"val_loss": loss, "val_accuracy": 0.5}
    curves = {"val_loss": [2.5, 1.0, loss], "val_accuracy": [0.1, 0.4, 0.5]}
    return result(index, metrics=metrics, best=loss, curves=curves)


def finished(service: Service, **changes: Any) -> dict[str, Any]:
    worker = service.started({**SPEC, "axes": AXES, **changes})
    waiting = [trial.index for trial in worker.work().trials]
    worker.post(worker.lease(*waiting).lease, *waiting, make=trained)
    answer = service.http.get(f"/v1/studies/{worker.study}/report")
    assert answer.is_success, answer.text
    report: dict[str, Any] = answer.json()
    return report


def test_the_chosen_cells_have_learning_curves(any_service: Service) -> None:
    (group,) = finished(any_service)["groups"]
    curves = [c for c in group["curves"] if c["kind"] == "learning"]
    roles = [(c["rule"], c["cell"]["role"]) for c in curves]
    assert roles == [
        (rule, role)
        for rule in ("additive", "hybrid")
        for role in ("best", "edge of the basin", "diverged")
        if role != "edge of the basin"
    ]
    best, dead = curves[0], curves[1]
    assert best["cell"] == {"role": "best", "lr": 0.1, "init_scale": 1.0}
    assert best["x"] == [0, 1, 2]
    assert best["value"] == pytest.approx([2.5, 1.0, 0.1])
    assert best["high"] == pytest.approx([2.5, 1.0, 0.11])
    assert dead["cell"] == {"role": "diverged", "lr": 1.0, "init_scale": 1.0}
    assert dead["value"] == [2.5, "inf", "inf"]


def test_importances_stand_beside_the_variance_split_of_an_ended_study(service: Service) -> None:
    report = finished(service)
    (group,) = report["groups"]
    shares = {(i["rule"], i["axis"]): i for i in group["importances"]}
    assert set(shares) == {(r, a) for r in ("additive", "hybrid") for a in ("lr", "init_scale")}
    for rule in ("additive", "hybrid"):
        for estimate in ("ped_anova", "fanova"):
            both = [shares[rule, axis][estimate] for axis in ("lr", "init_scale")]
            assert math.isclose(sum(both), 1)
            assert both[0] > both[1]
    assert not any("importances" in note for note in report["notes"])


def test_the_client_estimates_what_the_report_says(service: Service) -> None:
    worker = service.started({**SPEC, "axes": AXES})
    waiting = [trial.index for trial in worker.work().trials]
    worker.post(worker.lease(*waiting).lease, *waiting, make=trained)
    with Client(service.server.url) as client:
        report = client.report(worker.study)
        (group,) = report.groups
        said = client.study(worker.study).importances()
        silent = report.model_copy(
            update={"groups": (group.model_copy(update={"importances": ()}),)}
        )
        estimated = client.study(worker.study).importances(silent)
    assert len(group.importances) == 4
    for found in (said, estimated):
        for one in group.importances:
            shares = found[group.problem, group.direction, one.rule]
            assert (shares["ped_anova"][one.axis], shares["fanova"][one.axis]) == pytest.approx(
                (one.ped_anova, one.fanova)
            )


def test_a_study_that_runs_has_no_importances_yet(service: Service) -> None:
    worker = service.started({**SPEC, "axes": AXES})
    waiting = [trial.index for trial in worker.work().trials]
    worker.post(worker.lease(*waiting).lease, *waiting[:-1], make=trained)
    path = f"/v1/studies/{worker.study}/report"
    (group,) = service.http.get(path).json()["groups"]
    assert group["importances"] == []
    assert [c for c in group["curves"] if c["kind"] == "learning"]


def test_without_scikit_learn_the_report_says_what_it_lacks(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "available", lambda: False)
    report = finished(service)
    assert report["groups"][0]["importances"] == []
    said = "The importances of axes are left out: they need scikit-learn."
    assert report["notes"][0] == said


def test_a_further_axis_has_an_importance(service: Service) -> None:
    axes = {**AXES, "gamma": {"values": [0.2, 0.8]}}
    (group,) = finished(service, rules=["hybrid"], axes=axes)["groups"]
    assert [(i["rule"], i["axis"]) for i in group["importances"]] == [
        ("hybrid", "gamma"),
        ("hybrid", "init_scale"),
        ("hybrid", "lr"),
    ]


def test_an_adaptive_search_says_why_its_numbers_are_withheld(service: Service) -> None:
    axes = {"lr": {"log": [0.01, 1.0], "points": 8}, "init_scale": {"log": [0.5, 2.0], "points": 8}}
    report = finished(service, axes=axes, search={"sampler": "tpe", "trials": 24, "batch": 8})
    assert any(note.startswith("The tpe search looked where") for note in report["notes"])
