"""To maximize a metric is to minimize its negative: every number of a study is the same, turned.

The law holds of cells, report, exports and what the client computes, whichever way the goal is.
"""

from collections.abc import Iterator
from math import log10
from pathlib import Path
from typing import Any

import optuna
import pytest

from gofau import catalog
from gofau.catalog import MetricEntry, ProblemEntry
from gofau_service.client import Client
from gofau_studies.report.rows import ROBUSTNESS
from tests.service.fakes import Service, result

CAP, TARGET = 2.0, 0.3
COST = MetricEntry("turned_cost", "A cost.", minimize=True, worst=CAP)
SCORE = MetricEntry("turned_score", "Minus the cost.", minimize=False, worst=-CAP)
SPEC: dict[str, Any] = {
    "problem": "test-turned",
    "epochs": 2,
    "directions": ["sgd"],
    "rules": ["additive", {"name": "hybrid", "gamma": 0.5}],
    "axes": {
        "lr": {"log": [1e-3, 10.0], "points": 5},
        "init_scale": {"log": [0.1, 10.0], "points": 3},
    },
    "seeds": 4,
}
GOALS = [
    {"metric": COST.name, "target": TARGET, "tolerance": 0.2},
    {"metric": SCORE.name, "target": -TARGET, "tolerance": 0.2},
]


@pytest.fixture
def problem() -> Iterator[None]:
    """A problem whose two metrics are each other's negatives."""
    kept = [(r, dict(r.entries)) for r in (catalog.metrics, catalog.problems)]
    catalog.problems.add(ProblemEntry("test-turned", "A test.", metrics=(COST, SCORE)))
    yield
    for registry, entries in kept:
        registry._entries.clear()  # type: ignore[attr-defined]
        registry._entries.update(entries)  # type: ignore[attr-defined]


def ended(service: Service, goal: dict[str, Any]) -> str:
    """A study with values below, at and beyond the cap, some of them of diverged trials."""
    worker = service.started({**SPEC, "name": goal["metric"], "goal": goal})
    page = worker.work()
    at = {t.index: (page.cells[t.cell], t.seed) for t in page.trials}

    def make(index: int) -> dict[str, Any]:
        definition, seed = at[index]
        hyper, init = definition["hyper"], definition["init_scale"]
        away = log10(hyper["lr"]) + 1 - (0.3 if definition["rule"] == "hybrid" else 0.0)
        cost = 0.2 + 0.4 * away**2 + 0.3 * log10(init) ** 2 + 0.01 * (seed * index % 7)
        dead = away > 1.5
        values = {COST.name: 0.05 if dead else cost, SCORE.name: -0.05 if dead else -cost}
        own = values[goal["metric"]]
        start = 2.5 if goal["metric"] == COST.name else -2.5
        reached = cost <= TARGET and not dead
        return result(
            index,
            outcome="diverged" if dead else "reached_target" if reached else "budget_exhausted",
            metrics=values,
            best=own,
            curves={name: [start, 0.5 * (start + v), v] for name, v in values.items()},
            steps_to_target=10 + index % 5 if reached else None,
        )

    worker.post(worker.lease(*at).lease, *at, make=make)
    return worker.study


def turned(value: Any) -> Any:
    """A wire's number with its sign changed."""
    if isinstance(value, str):
        return {"inf": "-inf", "-inf": "inf"}[value]
    return None if value is None else -value


@pytest.fixture
def pair(service: Service, problem: None) -> tuple[str, str]:
    """The same results as a cost to minimize and as a score to maximize."""
    return ended(service, GOALS[0]), ended(service, GOALS[1])


def test_cells_are_turned(service: Service, pair: tuple[str, str]) -> None:
    cost, score = (
        service.http.get(f"/v1/studies/{one}/cells", params={"limit": 1000}).json()["items"]
        for one in pair
    )
    for one, other in zip(cost, score, strict=True):
        assert other["mean"] == turned(one["mean"])
        assert (other["minimum"], other["maximum"]) == (
            turned(one["maximum"]),
            turned(one["minimum"]),
        )
        assert other["std"] == pytest.approx(one["std"])
        assert other["diverged"] == one["diverged"]
        if one["diverged"] == 4:
            assert one["mean"] == CAP


def test_reports_are_turned(service: Service, pair: tuple[str, str]) -> None:
    cost, score = (service.http.get(f"/v1/studies/{one}/report").json() for one in pair)
    [one], [other] = cost["groups"], score["groups"]
    assert (one["minimize"], other["minimize"]) == (True, False)
    assert (one["cap"], one["target"]) == (turned(other["cap"]), turned(other["target"]))
    assert one["tolerance"] == other["tolerance"]
    for mine, theirs in zip(one["rules"], other["rules"], strict=True):
        assert mine["scalars"].keys() == theirs["scalars"].keys()
        for name, scalar in mine["scalars"].items():
            assert_turned(name, scalar, theirs["scalars"][name])
    for mine, theirs in zip(one["comparisons"], other["comparisons"], strict=True):
        assert_turned(mine["metric"], mine["difference"], theirs["difference"])
        assert (mine["p_value"], mine["p_holm"]) == (theirs["p_value"], theirs["p_holm"])
        assert mine["strength"] == theirs["strength"]
    assert one["importances"] == other["importances"]
    kinds = [(c["kind"], c["rule"]) for c in one["curves"]]
    assert kinds == [(c["kind"], c["rule"]) for c in other["curves"]]
    for mine, theirs in zip(one["curves"], other["curves"], strict=True):
        same = mine["kind"] == "steps_by_lr"
        flip = (lambda x: x) if same else turned
        assert [*map(flip, theirs["value"])] == pytest.approx(mine["value"])


def assert_turned(name: str, cost: dict[str, Any], score: dict[str, Any]) -> None:
    """The same number where its direction is its own, and its negative where it is the goal's."""
    if ROBUSTNESS[name][0] != "goal":
        for end in ("value", "low", "high"):
            assert_near(score[end], cost[end], name)
        assert (score["better"], score["bound"]) == (cost["better"], cost["bound"]), name
        return
    for end, opposite in (("value", "value"), ("low", "high"), ("high", "low")):
        assert_near(score[end], turned(cost[opposite]), name)
    assert (cost["better"], score["better"]) == ("lower", "higher")
    assert {cost["bound"], score["bound"]} in ({""}, {"≤", "≥"})


def assert_near(got: Any, expected: Any, name: str) -> None:
    exact = expected is None or isinstance(expected, str)
    near = expected if exact else pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert got == near, name


def test_what_the_client_computes_is_turned_and_counts_as_the_report_does(
    service: Service, pair: tuple[str, str], tmp_path: Path
) -> None:
    with Client(service.server.url) as client:
        cost, score = (client.study(one) for one in pair)
        curves = [one.tuning_curves() for one in (cost, score)]
        names = [one.to_optuna(f"sqlite:///{tmp_path / one.id}.db") for one in (cost, score)]
        report = client.report(cost.id)
        maps = cost.landscapes(report)
    for mine, theirs in zip(*curves, strict=True):
        assert mine.best.tolist() == theirs.best.tolist()
        assert mine.trials_until() == theirs.trials_until()
        assert mine.worst == CAP
    for made, mine in zip(maps, curves[0], strict=True):
        means = made.cost.mean(axis=2)
        assert mine.best[-1] == pytest.approx(means.min())
        assert mine.best[0] == pytest.approx(means.mean())
    for studies, one, best in zip(names, pair, (min, max), strict=True):
        loaded = optuna.load_study(study_name=studies[0], storage=f"sqlite:///{tmp_path / one}.db")
        values = [t.value for t in loaded.trials]
        assert loaded.best_value == best(v for v in values if v is not None)
        assert {
            abs(t.value or 0) for t in loaded.trials if t.user_attrs["outcome"] == "diverged"
        } == {CAP}
