"""Exported trials as points: one row a cell, in the order in which they were asked for."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from studies.censoring import whole

GROUP = ["problem", "direction", "rule"]
WORST = ("diverged", "nonfinite")


def points(
    trials: pd.DataFrame, axes: Sequence[str], minimize: bool, cap: float | None = None
) -> pd.DataFrame:
    """The mean over seeds of every cell that has a trial of the whole budget.

    An axis that a rule does not have is empty in its points.

    Args:
        trials: columns problem, direction, rule, the axes, index, state, outcome and value.
        axes: names of the columns that make a point.
        minimize: the goal's sense.
        cap: what a diverged trial counts as, and the worst that any does; by default the worst
            finite value of the same problem.

    Returns:
        Columns problem, direction, rule, the axes, ``index`` (of the cell's first trial) and
        ``cost``, smaller being better.
    """
    done = trials[whole(trials)]
    sign = 1.0 if minimize else -1.0
    cost = sign * done["value"].astype(np.float64)
    diverged = done["outcome"].isin(WORST)
    known = cost.mask(diverged)
    worst = known.groupby(done["problem"]).transform("max") if cap is None else sign * cap
    top = pd.Series(worst, index=done.index, dtype=np.float64)
    counted = known.where(~diverged, top).clip(upper=top)
    table = done.assign(cost=counted).groupby(
        [*GROUP, *axes], sort=False, as_index=False, dropna=False
    )
    found = table.agg(index=("index", "min"), cost=("cost", "mean"))
    return found.dropna(subset=["cost"]).sort_values("index", ignore_index=True)
