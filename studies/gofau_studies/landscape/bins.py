"""Random and adaptive samples brought onto a grid, so that maps and metrics apply to them."""

import numpy as np
import pandas as pd

from gofau_studies.arrays import Floats
from gofau_studies.landscape.columns import AXES, GROUP
from gofau_studies.landscape.counting import DIVERGED, counted
from gofau_studies.landscape.landscape import GoalMetric, LandscapeError, Range
from gofau_studies.landscape.whole import whole


def binned(trials: pd.DataFrame, goal: GoalMetric, lr: int, init_scale: int) -> pd.DataFrame:
    """Move every trial to the centre of its bin; of several, the one of median cost stays.

    Bins are equal in log space and the same for all rows, so that rules stay comparable. Of the
    completed trials of one rule and seed that share a bin, the lower median by cost represents it,
    with divergence as the worst cost; trials without a result stay only where no other does. Bins
    that no trial fell into are absent, hence missing when another rule or seed has them.

    Args:
        trials: the columns that `gofau_studies.landscape.table.landscapes` takes.
        goal: the metric that ``value`` holds.
        lr: bins along the learning rate, >= 1.
        init_scale: bins along the init scale, >= 1.

    Returns:
        A subset of the rows with their axes at bin centres.

    Raises:
        LandscapeError: a count below 1.
    """
    moved = trials.copy()
    for name, count in zip(AXES, (lr, init_scale), strict=True):
        if count < 1:
            raise LandscapeError(f"bins of {name}", count, "at least 1")
        moved[name] = _centres(trials[name].to_numpy(np.float64), count)
    ended = whole(moved)
    ordered = moved.assign(_idle=~ended, _cost=_costs(moved, ended, goal))
    ordered = ordered.sort_values(["_idle", "_cost"], kind="stable")
    by_bin = ordered.groupby([*GROUP, *AXES, "seed"], sort=False)
    done = by_bin["_idle"].transform(lambda idle: (~idle).sum())
    median = by_bin.cumcount() == np.maximum(done - 1, 0) // 2
    return ordered[median].drop(columns=["_idle", "_cost"]).sort_index()


def _costs(trials: pd.DataFrame, ended: "pd.Series[bool]", goal: GoalMetric) -> Floats:
    """Costs to rank by, infinite where a trial diverged."""
    return goal.sign * counted(
        trials["value"].to_numpy(np.float64),
        ended=ended.to_numpy(np.bool_),
        diverged=trials["outcome"].isin(DIVERGED).to_numpy(np.bool_),
        cap=goal.sign * np.inf,
        minimize=goal.minimize,
    )


def covered_range(trials: pd.DataFrame, axis: str) -> Range | None:
    """What all bins of an axis cover together; ``None`` of an axis with one value."""
    low, high = float(trials[axis].min()), float(trials[axis].max())
    return (low, high) if low < high else None


def _centres(values: Floats, count: int) -> Floats:
    """Centres of the bins that ``values`` fall into, over the range of all of them."""
    x = np.log10(values)
    low, width = x.min(), (x.max() - x.min()) / count
    if width == 0:
        return values
    at = np.minimum((x - low) // width, count - 1)
    return np.asarray(10 ** (low + (at + 0.5) * width))
