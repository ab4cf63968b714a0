"""How a trial counts is said once, and is the same law for a loss and for its negative."""

from math import inf, nan

import numpy as np
import pandas as pd
import pytest

from gofau_studies.importance.points import study_points
from gofau_studies.landscape.caps import cap, caps
from gofau_studies.landscape.counting import counted, counted_trials
from gofau_studies.landscape.landscape import GoalMetric, Landscape, LandscapeKey, OutcomeCode
from gofau_studies.spec import parse_yaml

# Value, outcome, cap, and what it counts as when it is minimized.
COUNTS = [
    (1.0, "budget_exhausted", 2.0, 1.0),
    (3.0, "budget_exhausted", 2.0, 2.0),
    (-3.0, "reached_target", 2.0, -3.0),
    (1.0, "diverged", 2.0, 2.0),
    (None, "diverged", 2.0, 2.0),
    (None, "nonfinite", 2.0, 2.0),
    (inf, "budget_exhausted", 2.0, 2.0),
    (-inf, "budget_exhausted", 2.0, 2.0),
    (1.0, "stopped_early", 2.0, nan),
    (1.0, None, 2.0, nan),
    (None, None, 2.0, nan),
    (9.0, "budget_exhausted", None, 9.0),
    (1.0, "diverged", None, nan),
    (None, "nonfinite", None, nan),
]


@pytest.mark.parametrize(("value", "outcome", "bound", "expected"), COUNTS)
def test_a_trial_counts_as(
    value: float | None, outcome: str | None, bound: float | None, expected: float
) -> None:
    [found] = counted_trials([value], [outcome], [bound], minimize=True)
    assert found == pytest.approx(expected, nan_ok=True)
    turned = [None if x is None else -x for x in (value, bound)]
    [other] = counted_trials([turned[0]], [outcome], [turned[1]], minimize=False)
    assert other == pytest.approx(-expected, nan_ok=True)


def test_landscapes_count_alike() -> None:
    rows = [row for row in COUNTS if row[2] == 2.0 and row[1] not in ("stopped_early", None)]
    codes = [OutcomeCode.named(str(outcome)) for _, outcome, _, _ in rows]
    made = Landscape(
        key=LandscapeKey("p", "d", "r"),
        goal=GoalMetric("val_loss"),
        lr=np.array([0.1]),
        init_scale=np.array([1.0]),
        seeds=tuple(range(len(rows))),
        loss=np.array([[[nan if v is None else v for v, *_ in rows]]]),
        outcome=np.array([[codes]], dtype=np.int8),
        cap=2.0,
    )
    assert made.cost[0, 0].tolist() == [expected for *_, expected in rows]


def test_one_trial_at_a_time_is_all_at_once() -> None:
    values, outcomes, bounds, expected = zip(*COUNTS, strict=True)
    found = counted_trials(values, outcomes, bounds, minimize=True)
    assert found == pytest.approx(np.array(expected), nan_ok=True)
    every = counted(
        np.array([1.0, 5.0]), ended=np.array(True), diverged=np.array(False), cap=2, minimize=True
    )
    assert every.tolist() == [1.0, 2.0]


def test_caps_come_from_the_metric_and_the_problem() -> None:
    assert cap("digits-mlp", "val_loss") == pytest.approx(np.log(10))
    assert cap("digits-mlp", "val_accuracy") == 0.0
    assert cap("rosenbrock", "train_loss") == 24.2


SPEC = """
name: a
problem: {problem}
epochs: 2
directions: [sgd]
rules: [additive]
axes: {{lr: {{log: [0.01, 1.0], points: 4}}}}
seeds: 2
goal: {{metric: {metric}}}
"""


def table(problem: str, values: list[list[float]], outcome: list[str]) -> pd.DataFrame:
    at = np.logspace(-2, 0, len(values))
    rows = [
        {"lr": at[i], "seed": seed, "value": value, "outcome": outcome[i], "state": "completed"}
        for i, pair in enumerate(values)
        for seed, value in enumerate(pair)
    ]
    arm = {"problem": problem, "direction": "sgd", "rule": "additive"}
    return pd.DataFrame(rows).assign(**arm).reset_index()


def test_points_are_means_of_what_reports_count() -> None:
    """A tuner's curve of uncapped values is near its best at once: one huge loss is the worst."""
    spec = parse_yaml(SPEC.format(problem="digits-mlp", metric="val_loss"))
    trials = table(
        "digits-mlp",
        [[1e6, 2e6], [2.0, 1.0], [0.5, 0.25], [0.1, 0.1]],
        ["budget_exhausted", "budget_exhausted", "budget_exhausted", "diverged"],
    )
    full = np.log(10)
    found = study_points(spec, trials)
    assert found["cost"].tolist() == pytest.approx([full, 1.5, 0.375, full])


def test_without_a_cap_the_worst_that_did_not_diverge_is_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gofau_studies.landscape.caps.cap", lambda problem, metric: None)
    spec = parse_yaml(SPEC.format(problem="digits-mlp", metric="val_loss"))
    outcomes = ["diverged", "budget_exhausted", "stopped_early", "nonfinite"]
    trials = table("digits-mlp", [[1e9, nan], [3.0, 4.0], [70.0, 80.0], [nan, nan]], outcomes)
    assert caps(spec, trials) == {"digits-mlp": 4.0}
    assert study_points(spec, trials)["cost"].tolist() == [4.0, 3.5, 4.0]
    assert caps(spec, trials.assign(outcome="diverged")) == {"digits-mlp": 0.0}
