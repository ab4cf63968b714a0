"""A driver against the real service: searches and refinements end, however often killed."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from gofau_service.client import Client
from gofau_service.reconciler.ray_jobs import JobStatus
from gofau_studies.export.optuna_storage import ExportError
from gofau_studies.protocol.wire import LeaseRequest, ResultBatch, TrialResult, WorkTrial
from gofau_workers.driver import drive
from gofau_workers.service_client import ServiceClient
from gofau_workers.settings import WorkerSettings
from tests.service.fakes import CODE, SPEC, Service, Worker, result

RANGES = {"lr": {"log": [0.001, 10.0]}, "init_scale": {"log": [0.1, 10.0]}}
GRID = {name: {**axis, "points": 5} for name, axis in RANGES.items()}
STUDIES: dict[str, dict[str, Any]] = {
    "tpe": {"axes": RANGES, "search": {"sampler": "tpe", "trials": 24, "batch": 6}},
    "cmaes": {"axes": RANGES, "search": {"sampler": "cmaes", "trials": 24, "batch": 6}},
    "refine": {"axes": GRID, "refine": {"trials": 14, "rounds": 3}},
}


class KilledError(Exception):
    """Stands for SIGKILL: nothing after it runs."""


class Trainer:
    """Trains by formula and posts in batches; dies after ``mortal`` posts."""

    def __init__(self, mortal: int | None = None) -> None:
        self.left = mortal

    def __call__(self, settings: WorkerSettings, trials: list[WorkTrial]) -> None:
        client = ServiceClient(settings)
        request = LeaseRequest(worker="w", trials=[t.index for t in trials], code_version=CODE)
        lease = client.lease(request).lease
        for start in range(0, len(trials), 7):
            if self.left == 0:
                client.close()
                raise KilledError
            self.left = None if self.left is None else self.left - 1
            found = [trained(t) for t in trials[start : start + 7]]
            client.post(lease, ResultBatch(results=found))
        client.close()


def trained(trial: WorkTrial) -> TrialResult:
    hyper = trial.definition["hyper"]
    away = math.log10(hyper["lr"]) + 1 - 0.5 * (trial.definition["rule"] == "hybrid")
    loss = 0.1 + away**2 + 0.3 * math.log10(trial.definition["init_scale"]) ** 2
    loss *= 1 + trial.seed / 100
    if away > 1.2:
        metrics = {"val_loss": None, "val_accuracy": 0.1}
        return TrialResult(**result(trial.index, outcome="nonfinite", metrics=metrics, best=2.0))
    metrics = {"val_loss": loss, "val_accuracy": 0.5}
    outcome = "reached_target" if loss <= 0.3 else "budget_exhausted"
    return TrialResult(**result(trial.index, outcome=outcome, metrics=metrics, best=loss))


def settings_of(service: Service, worker: Worker) -> WorkerSettings:
    return WorkerSettings(service.server.url, worker.study, worker.token, patience_s=240)


def run(service: Service, spec: dict[str, Any], mortal: int | None = None) -> str:
    """Drive a study to its end; a driver that dies is replaced by one that dies later."""
    worker = service.started({**SPEC, "max_attempts": 20, **spec})
    while service.study(worker.study)["state"] == "running":
        settings = settings_of(service, worker)
        client = ServiceClient(settings)
        try:
            drive(client, settings, Trainer(mortal))
        except KilledError:
            service.runner.jobs[f"gofau-{worker.study}-{jobs(service, worker.study)}"] = (
                JobStatus.FAILED
            )
            service.reconciler.look()
            service.clock.at += 1000
            service.reconciler.look()
            worker = service.worker(worker.study)
        finally:
            client.close()
        mortal = None if mortal is None else mortal + 1
    return worker.study


def jobs(service: Service, study: str) -> int:
    return sum(request.study == study for request in service.runner.requests)


def cells(service: Service, study: str) -> list[tuple[Any, ...]]:
    answer = service.http.get(f"/v1/studies/{study}/cells", params={"limit": 1000}).json()
    return [(c["rule"], c["point"], c["mean"], c["diverged"]) for c in answer["items"]]


@pytest.mark.parametrize("name", STUDIES)
def test_a_killed_driver_is_replaced_and_the_result_is_the_same(
    service: Service, name: str
) -> None:
    whole = run(service, {**STUDIES[name], "name": "whole"})
    broken = run(service, {**STUDIES[name], "name": "broken"}, mortal=2)
    assert jobs(service, broken) > 2
    ended = service.study(broken)
    assert ended["state"] == "completed"
    assert ended["counts"]["completed"] == ended["trials"] == service.study(whole)["trials"]
    assert cells(service, broken) == cells(service, whole)


def test_a_refined_study_measures_its_basin_on_all_cells(service: Service) -> None:
    study = run(service, STUDIES["refine"])
    plain = run(service, {"axes": GRID, "name": "plain"})
    reports = [service.http.get(f"/v1/studies/{s}/report").json() for s in (study, plain)]
    rules = [r["groups"][0]["rules"] for r in reports]
    for refined, coarse in zip(*rules, strict=True):
        one, other = refined["scalars"]["basin_volume"], coarse["scalars"]["basin_volume"]
        assert one["value"] != other["value"]
        assert one["coverage"] == other["coverage"] == pytest.approx(1.0)
        same = refined["scalars"]["divergence_rate"], coarse["scalars"]["divergence_rate"]
        assert same[0]["value"] == same[1]["value"]
    assert reports[0]["study"]["settings"]["refined"] == "14 cells a rule in 3 rounds"


def test_a_study_goes_to_pandas_and_to_optuna(service: Service, tmp_path: Path) -> None:
    study = run(service, STUDIES["tpe"])
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    with Client(service.server.url) as client:
        handle = client.study(study)
        table = handle.to_pandas()
        names = handle.to_optuna(storage)
        with pytest.raises(ExportError, match="expected none; write to another file"):
            handle.to_optuna(storage)
        curves = handle.tuning_curves()
        shares = handle.importances()
    assert len(table) == 2 * 24 * 2
    assert str(table["value"].dtype) == "float64"
    assert {c.rule: len(c.best) for c in curves} == {"additive": 24, "hybrid": 24}
    for curve in curves:
        assert curve.ordered
        assert (np.diff(curve.best) <= 0).all()
        assert 1 <= (curve.trials_until() or 0) <= 24
    for found in shares.values():
        assert {name: round(sum(s.values()), 9) for name, s in found.items()} == {
            "ped_anova": 1.0,
            "fanova": 1.0,
        }
    assert names == [f"small {study}/digits-mlp/sgd/{rule}" for rule in ("additive", "hybrid")]
    loaded = optuna.load_study(study_name=names[0], storage=storage)
    rows = table[table["rule"] == "additive"]
    assert len(loaded.trials) == len(rows)
    assert loaded.best_value == rows["value"].min()
    assert [t.user_attrs["seed"] for t in loaded.trials] == rows["seed"].tolist()
