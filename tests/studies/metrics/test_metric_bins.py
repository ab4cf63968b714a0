import numpy as np
import pandas as pd
import pytest

from gofau_studies.landscape.bins import binned
from gofau_studies.landscape.landscape import GoalMetric, LandscapeError, LandscapeKey
from gofau_studies.landscape.table import landscapes

GOAL = GoalMetric("val_loss")


def samples(count=400, seeds=3, rule="additive", seed=0):
    rng = np.random.default_rng(seed)
    lr, init = 10 ** rng.uniform(-4, 1, count), 10 ** rng.uniform(-1, 1, count)
    rows = pd.DataFrame({"lr": lr, "init_scale": init}).merge(
        pd.DataFrame({"seed": range(seeds)}), how="cross"
    )
    value = (np.log10(rows["lr"]) + 1) ** 2
    outcome = np.where(rows["lr"] > 3, "diverged", "budget_exhausted")
    return rows.assign(
        problem="p", direction="sgd", rule=rule, state="completed", outcome=outcome, value=value
    )


def test_samples_become_a_full_grid():
    (made,) = landscapes(binned(samples(), GOAL, 6, 4), GOAL, 9.0)
    assert made.key == LandscapeKey("p", "sgd", "additive")
    assert made.shape == (6, 4, 3)
    assert made.present.all()
    width = 5 / 6
    assert np.diff(np.log10(made.lr)) == pytest.approx(width, rel=0.02)
    best = made.lr[made.cost.mean(axis=(1, 2)).argmin()]
    assert abs(np.log10(best) + 1) < width


def test_the_median_trial_represents_its_bin():
    rows = samples(1, 1)
    five = pd.concat([rows] * 5, ignore_index=True)
    five["value"] = [3.0, 1.0, 2.0, 9.0, 8.0]
    five["outcome"] = "budget_exhausted"
    assert binned(five, GOAL, 1, 1)["value"].tolist() == [3.0]
    five.loc[[0, 1, 2], "outcome"] = "diverged"
    assert binned(five, GOAL, 1, 1)["outcome"].tolist() == ["diverged"]
    assert binned(five.head(2).assign(outcome="x"), GOAL, 1, 1)["value"].tolist() == [1.0]
    score = GoalMetric("acc", minimize=False)
    assert binned(five.assign(outcome="x").head(2), score, 1, 1)["value"].tolist() == [3.0]


def test_trials_without_a_result_give_way():
    rows = pd.concat([samples(1, 1)] * 3, ignore_index=True)
    rows["state"] = ["failed", "waiting", "completed"]
    rows["value"] = [np.nan, np.nan, 5.0]
    assert binned(rows, GOAL, 1, 1)["value"].tolist() == [5.0]
    assert len(binned(rows.head(2), GOAL, 1, 1)) == 1


def test_rules_share_bins():
    both = pd.concat([samples(seed=1), samples(rule="hybrid", seed=2)], ignore_index=True)
    made = landscapes(binned(both, GOAL, 5, 3), GOAL, 9.0)
    assert np.array_equal(made[0].lr, made[1].lr)


def test_refusals():
    with pytest.raises(LandscapeError, match="bins of lr: got 0, expected at least 1"):
        binned(samples(), GOAL, 0, 3)
    with pytest.raises(LandscapeError, match=r"got 500 x 500 cells from 500 trials.*bin random"):
        landscapes(samples(500, 1), GOAL, 9.0)
