"""Tuning curves as they went, and importances beside the exact variance split."""

import numpy as np
import pandas as pd
import pytest

from gofau_studies.importance.points import points
from gofau_studies.importance.tuning import TuningCurve, importances, tuning_curves
from gofau_studies.metrics.variance import variance_shares

NONE = {"p": float("nan")}
"""A problem without a cap, and nothing to take for it."""


def trials(costs: dict[str, list[float]], seeds: int = 1) -> pd.DataFrame:
    rows = [
        {
            "problem": "p",
            "direction": "sgd",
            "rule": rule,
            "lr": float(i + 1),
            "seed": seed,
            "state": "completed",
            "outcome": "budget_exhausted",
            "value": value + seed - (seeds - 1) / 2,
        }
        for rule, values in costs.items()
        for i, value in enumerate(values)
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows).reset_index()


def curve(best: list[float], worst: float) -> TuningCurve:
    return TuningCurve("p", "sgd", "r", np.array(best), worst, True)


def test_a_search_is_read_in_the_order_it_went() -> None:
    [found] = tuning_curves(
        points(trials({"a": [5, 7, 3, 4, 1]}), ["lr"], True, NONE), ordered=True
    )
    assert found.best.tolist() == [5, 5, 3, 3, 1]
    assert found.worst == 7


def test_a_grid_is_read_in_all_orders() -> None:
    """Two distinct settings of five with scores 0 to 100: 75, the published value."""
    scores = trials({"a": [0, 25, 50, 75, 100]})
    [found] = tuning_curves(points(scores, ["lr"], minimize=False, caps={"p": 0.0}), ordered=False)
    assert found.best.tolist() == pytest.approx([-50, -75, -87.5, -95, -100])


@pytest.mark.parametrize(
    ("best", "share", "of_all", "expected"),
    [
        ([9.0, 5, 1.05, 1], 0.01, None, 3),
        ([9.0, 5, 1.05, 1], 0.001, None, 4),
        ([9.0, 5, 1.05, 1], 0.5, None, 2),
        ([1.0], 0.01, None, 1),
        ([9.0, 5, 1.05, 1], 0.01, 0.92, 4),
        ([9.0, 5, 1.05, 1], 0.01, 0.0, None),
    ],
)
def test_trials_until_near_the_best(
    best: list[float], share: float, of_all: float | None, expected: int | None
) -> None:
    assert curve(best, worst=11).trials_until(share, of_all) == expected


def test_a_point_is_the_mean_of_its_seeds_and_divergence_the_cap() -> None:
    table = trials({"a": [1, 2, 3]}, seeds=2)
    table.loc[table["lr"] == 2, ["outcome", "value"]] = ["nonfinite", np.nan]
    table.loc[(table["lr"] == 3) & (table["seed"] == 0), "state"] = "failed"
    assert points(table, ["lr"], True, {"p": 3.5})["cost"].tolist() == [1.0, 3.5, 3.5]
    assert points(table, ["lr"], True, {"p": 3.0})["cost"].tolist() == [1.0, 3.0, 3.0]
    assert points(table, ["lr"], False, {"p": 0.5})["cost"].tolist() == [-1.0, -0.5, -3.5]


def test_a_rule_that_never_gave_a_number_has_no_points() -> None:
    table = trials({"a": [1, 2]}).assign(outcome="nonfinite", value=np.nan)
    assert points(table, ["lr"], True, NONE).empty


def test_importances_agree_with_the_exact_split_on_a_grid() -> None:
    lr, init = np.logspace(-3, 1, 15), np.logspace(-1, 1, 13)
    cost = 1.5 * np.sin(np.log10(lr))[:, None] + 0.5 * np.log10(init)[None, :]
    [found] = importances(sheet(cost, lr, init), ["lr", "init_scale"]).values()
    shares = variance_shares(cost, cost**2, np.full(15, 1 / 15), np.full(13, 1 / 13))
    assert found["fanova"]["lr"] == pytest.approx(float(shares.lr), abs=0.05)
    for estimate in found.values():
        assert sum(estimate.values()) == pytest.approx(1)
        assert estimate["lr"] > estimate["init_scale"]


def sheet(cost: np.ndarray, lr: np.ndarray, init: np.ndarray) -> pd.DataFrame:
    labels = {"problem": "p", "direction": "sgd", "rule": "a"}
    return pd.DataFrame(
        {**labels, "lr": a, "init_scale": b, "cost": cost[i, j]}
        for i, a in enumerate(lr)
        for j, b in enumerate(init)
    )


def test_five_decades_of_learning_rate_are_split_in_decades() -> None:
    """In plain units most of the range would lie in its last decade."""
    lr, init = np.logspace(-4, 1, 15), np.logspace(-1.5, 1.5, 13)
    cost = np.log10(lr)[:, None] ** 2 + np.log10(init)[None, :] ** 2
    [found] = importances(sheet(cost, lr, init), ["lr", "init_scale"]).values()
    shares = variance_shares(cost, cost**2, np.full(15, 1 / 15), np.full(13, 1 / 13))
    assert float(shares.lr) > 0.95
    assert found["fanova"]["lr"] == pytest.approx(float(shares.lr), abs=0.05)


def test_few_points_have_no_importances() -> None:
    assert importances(points(trials({"a": [1.0] * 9}), ["lr"], True, NONE), ["lr"]) == {}


def test_a_flat_map_has_no_importances() -> None:
    lr = np.logspace(-3, 1, 5)
    assert importances(sheet(np.ones((5, 5)), lr, lr), ["lr", "init_scale"]) == {}


def test_a_rule_is_judged_by_the_axes_that_it_has() -> None:
    table = trials({"a": list(range(12)), "b": list(range(12))})
    table["gamma"] = np.where(table["rule"] == "a", np.nan, np.arange(24) % 4 / 4)
    found = importances(points(table, ["lr", "gamma"], True, NONE), ["lr", "gamma"])
    assert set(found["p", "sgd", "a"]["fanova"]) == {"lr"}
    assert set(found["p", "sgd", "b"]["fanova"]) == {"lr", "gamma"}
