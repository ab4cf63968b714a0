"""Exported trials as points: one row a cell, in the order in which they were asked for."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gofau_studies.landscape.caps import caps
from gofau_studies.landscape.columns import GROUP
from gofau_studies.landscape.counting import DIVERGED, counted
from gofau_studies.landscape.of_study import is_first
from gofau_studies.landscape.whole import whole
from gofau_studies.spec import StudySpec


def study_points(spec: StudySpec, trials: pd.DataFrame) -> pd.DataFrame:
    """The points of a study, each trial counted as its report counts it.

    The cells that a refinement added are left out: they crowd at the basin's border.

    Args:
        spec: of the study.
        trials: the columns that `points` takes, one row a trial of the whole study.
    """
    first = trials[is_first(spec, trials)]
    return points(first, list(spec.axes), spec.goal.minimize, caps(spec, trials))


def points(
    trials: pd.DataFrame, axes: Sequence[str], minimize: bool, caps: Mapping[str, float]
) -> pd.DataFrame:
    """The mean over seeds of every cell that has a trial of the whole budget.

    An axis that a rule does not have is empty in its points.

    Args:
        trials: columns problem, direction, rule, the axes, index, state, outcome and value.
        axes: names of the columns that make a point.
        minimize: the goal's sense.
        caps: what a diverged trial counts as, and the worst that any does, by problem.

    Returns:
        Columns problem, direction, rule, the axes, ``index`` (of the cell's first trial) and
        ``cost``, smaller being better.
    """
    done = trials[whole(trials)]
    value = counted(
        done["value"].to_numpy(np.float64),
        ended=np.ones(len(done), dtype=np.bool_),
        diverged=done["outcome"].isin(DIVERGED).to_numpy(np.bool_),
        cap=np.array([caps[str(name)] for name in done["problem"]], dtype=np.float64),
        minimize=minimize,
    )
    table = done.assign(cost=value if minimize else -value).groupby(
        [*GROUP, *axes], sort=False, as_index=False, dropna=False
    )
    found = table.agg(index=("index", "min"), cost=("cost", "mean"))
    return found.dropna(subset=["cost"]).sort_values("index", ignore_index=True)
