"""What is read of numbers: every list is in order and whole, over a store that all tests share."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pytest

from gofau_service.settings import Settings
from gofau_service.trials.conditions import Condition
from tests.service.databases import empty
from tests.service.fakes import FakeRunner, Service, Worker
from tests.service.numbers import METRICS, pages, partly_done, uneven


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def reader(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service on each kind of database, which no test here writes to."""
    folder: Path = tmp_path_factory.mktemp("numbers")
    url = f"sqlite:///{folder / 'gofau.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        empty(url)
    service = Service.start(Settings(database_url=url, reconcile=False), FakeRunner())
    yield service
    service.close()


@pytest.fixture(scope="module")
def partly(reader: Service) -> Worker:
    """Its study, of which all but the last four trials have completed."""
    return partly_done(reader)


def number(trial: dict[str, Any], name: str) -> float | None:
    """What the service must have sorted by."""
    if name == "val_accuracy":
        metrics = uneven(trial["index"])["metrics"]
        return metrics[name] if trial["state"] == "completed" else None
    found: float | None = trial["point"].get(name, trial.get(name))
    return found if name != "attempts" or trial["state"] == "completed" else None


@pytest.mark.parametrize("name", METRICS)
def test_trials_are_sorted_by_any_number(reader: Service, partly: Worker, name: str) -> None:
    path = f"/v1/studies/{partly.study}/trials"
    every = pages(reader.http, path, limit=100)
    keyed = [(n, t["index"]) for t in every if (n := number(t, name)) is not None]
    for sign, limit in product(("", "-"), (1, 100)):
        found = pages(reader.http, path, sort=sign + name, limit=limit)
        wanted = [index for _, index in sorted(keyed, reverse=sign == "-")]
        assert [t["index"] for t in found] == wanted, (sign, limit)


@pytest.mark.parametrize(
    "where",
    [
        ["lr>=0.1"],
        ["lr < 0.5", "init_scale = 2"],
        ["value<=0.5"],
        ["val_accuracy>0.2", "best>0"],
        ["wall_s<0.1", "steps_to_target>=40"],
        ["frozen_fraction=0.5"],
    ],
)
def test_trials_are_filtered_by_any_number(
    reader: Service, partly: Worker, where: list[str]
) -> None:
    path = f"/v1/studies/{partly.study}/trials"
    conditions = [Condition.parse(text, (*METRICS, "lr", "init_scale", "value")) for text in where]
    for rule in ("additive", "hybrid"):
        every = pages(reader.http, path, limit=100, rule=rule)
        wanted = {
            trial["index"]
            for trial in every
            if all((n := number(trial, c.by)) is not None and c.holds(n) for c in conditions)
        }
        for sort in ({}, {"sort": "lr"}, {"sort": "-init_scale"}):
            found = pages(reader.http, path, where=where, limit=3, rule=rule, **sort)
            assert len(found) == len(wanted)
            assert {trial["index"] for trial in found} == wanted


@pytest.mark.parametrize("state", ["completed", "running", "waiting"])
def test_trials_sorted_by_an_axis_are_of_the_state_they_are_in_now(
    reader: Service, partly: Worker, state: str
) -> None:
    path = f"/v1/studies/{partly.study}/trials"
    wanted = {t["index"] for t in pages(reader.http, path, limit=100) if t["state"] == state}
    found = pages(reader.http, path, sort="-lr", state=state, limit=3)
    assert len(found) == len(wanted)
    assert {trial["index"] for trial in found} == wanted


@pytest.mark.parametrize("metric", ["value", *METRICS])
def test_cells_are_aggregated_over_any_number(reader: Service, partly: Worker, metric: str) -> None:
    path = f"/v1/studies/{partly.study}"
    trials = pages(reader.http, path + "/trials", limit=100)
    for cell in pages(reader.http, path + "/cells", metric=metric, limit=5, rule="hybrid"):
        here = trials[2 * cell["ordinal"] : 2 * cell["ordinal"] + 2]
        numbers = [n for t in here if (n := number(t, metric)) is not None]
        assert cell["valued"] == len(numbers)
        assert cell["mean"] == (pytest.approx(mean(numbers)) if numbers else None)
        assert cell["minimum"] == min(numbers, default=None)
        assert cell["maximum"] == max(numbers, default=None)
        assert cell["std"] == (pytest.approx(stdev(numbers)) if len(numbers) > 1 else None)
