import numpy as np
import pandas as pd
import pytest

from gofau_studies.landscape.landscape import (
    GoalMetric,
    Landscape,
    LandscapeError,
    LandscapeKey,
    OutcomeCode,
)
from gofau_studies.landscape.table import landscapes

KEY = LandscapeKey("p", "sgd", "additive")


def small(**changes):
    given = {
        "key": KEY,
        "goal": GoalMetric("val_loss"),
        "lr": np.array([0.1, 1.0]),
        "init_scale": np.array([1.0]),
        "seeds": (0, 1),
        "loss": np.array([[[1.0, 9.0]], [[np.nan, np.nan]]]),
        "outcome": np.array([[[2, 2]], [[3, 0]]], dtype=np.int8),
        "cap": 2.0,
    }
    return Landscape(**(given | changes))


def test_cost_caps_fills_divergence_and_keeps_missing():
    np.testing.assert_array_equal(small().cost, [[[1.0, 2.0]], [[2.0, np.nan]]])


def test_a_score_to_maximize_becomes_a_cost_with_a_lower_cap():
    made = small(goal=GoalMetric("acc", minimize=False), cap=0.1, loss=small().loss / 10)
    np.testing.assert_allclose(made.cost, [[[-0.1, -0.9]], [[-0.1, np.nan]]])


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"lr": np.array([1.0, 0.1])}, r"lr: got \[1.0, 0.1\], expected ascending finite values"),
        ({"lr": np.array([0.0, 1.0])}, "lr: got .* expected ascending finite values > 0"),
        ({"init_scale": np.array([np.inf])}, "init_scale: got"),
        ({"seeds": (1, 1)}, "seeds: got .* each once"),
        ({"seeds": ()}, "seeds: got .* at least one"),
        ({"loss": np.ones((2, 1, 3))}, r"loss shape: got \(2, 1, 3\), expected \(2, 1, 2\)"),
        ({"cap": np.inf}, "cap: got inf, expected a finite value"),
        ({"outcome": np.full((2, 1, 2), 7, dtype=np.int8)}, "outcome: got"),
        ({"outcome": np.zeros((2, 1, 2), dtype=np.int8)}, "a value whose outcome is missing"),
        ({"outcome": np.full((2, 1, 2), 2, dtype=np.int8)}, "NaN with a finite outcome"),
    ],
)
def test_arrays_that_are_no_landscape(changes, message):
    with pytest.raises(LandscapeError, match=message):
        small(**changes)


def trials(**columns):
    rows = [
        {"lr": lr, "init_scale": 1.0, "seed": seed, "value": lr + seed, "outcome": "diverged"}
        for lr in (0.1, 1.0)
        for seed in (3, 4)
    ]
    frame = pd.DataFrame(rows).assign(problem="p", direction="sgd", rule="additive")
    return frame.assign(state="completed", outcome="budget_exhausted", **columns)


def test_a_frame_becomes_a_landscape():
    (made,) = landscapes(trials(), GoalMetric("val_loss"), 9.0)
    assert made.key == KEY
    assert made.seeds == (3, 4)
    np.testing.assert_allclose(made.loss, [[[3.1, 4.1]], [[4.0, 5.0]]])


def test_rows_that_are_not_completed_are_missing():
    frame = trials()
    frame.loc[0, ["state", "outcome", "value"]] = ["failed", None, np.nan]
    (made,) = landscapes(frame, GoalMetric("val_loss"), {"p": 9.0})
    assert made.outcome[0, 0, 0] == OutcomeCode.MISSING
    assert made.present.sum() == 3


def test_optional_columns_are_carried():
    (made,) = landscapes(
        trials(steps_to_target=7.0, frozen_fraction=0.5), GoalMetric("val_loss"), 9.0
    )
    assert made.steps_to_target is not None
    assert made.frozen_fraction is not None
    assert (made.steps_to_target == 7).all()
    assert (made.frozen_fraction == 0.5).all()


def test_a_further_axis_must_be_chosen_or_split():
    frame = pd.concat([trials(gamma=0.5), trials(gamma=0.9)], ignore_index=True)
    goal = GoalMetric("val_loss")
    with pytest.raises(LandscapeError, match=r"2 rows at problem=p.* that differ in gamma"):
        landscapes(frame, goal, 9.0)
    assert len(landscapes(frame, goal, 9.0, choose={"gamma": 0.9})) == 1
    split = landscapes(frame, goal, 9.0, split=["gamma"])
    assert [m.key.rule for m in split] == ["additive[gamma=0.5]", "additive[gamma=0.9]"]


def test_split_labels_name_what_a_rule_has():
    frame = pd.concat(
        [trials(gamma=np.nan, init=None), trials(gamma=0.5, init="zeros").assign(rule="hybrid")],
        ignore_index=True,
    )
    split = landscapes(frame, GoalMetric("val_loss"), 9.0, split=["gamma", "init"])
    assert [m.key.rule for m in split] == ["additive", "hybrid[gamma=0.5, init=zeros]"]


@pytest.mark.parametrize(
    "frame, options, message",
    [
        (trials().drop(columns="value"), {}, "no column value"),
        (trials(), {"choose": {"gamma": 1}}, "no column gamma"),
        (trials(gamma=0.5), {"choose": {"gamma": 1}}, "choose gamma: got 1, expected one of: 0.5"),
        (trials(lr=np.nan), {}, "an empty key, axis or seed"),
        (trials(), {"cap": {"q": 1.0}}, "cap of p: got none"),
        (trials().assign(outcome="exploded"), {}, "outcome: got 'exploded', expected one of"),
    ],
)
def test_tables_that_are_refused(frame, options, message):
    with pytest.raises(LandscapeError, match=message):
        landscapes(frame, GoalMetric("val_loss"), **({"cap": 9.0} | options))


def test_with_seeds_takes_a_subset():
    made = small().with_seeds([1])
    assert made.seeds == (1,)
    np.testing.assert_array_equal(made.cost, [[[2.0]], [[np.nan]]])
