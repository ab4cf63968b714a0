"""Landscapes of a whole study: on its grid, or on bins where its search drew points."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from gofau_studies.landscape.bin_counts import bins
from gofau_studies.landscape.bins import binned, covered_range
from gofau_studies.landscape.columns import AXES, GROUP
from gofau_studies.landscape.landscape import GoalMetric, Landscape, LandscapeKey
from gofau_studies.landscape.refined import attach
from gofau_studies.landscape.table import labelled, landscapes
from gofau_studies.spec import StudySpec


@dataclass(frozen=True, eq=False)
class StudyMaps:
    """Landscapes and the trials that each of their cells stands for.

    ``trials`` has the rules' labels and the axis values that the landscapes have.
    """

    landscapes: list[Landscape]
    trials: pd.DataFrame

    def at(self, key: LandscapeKey, lr: float, init_scale: float) -> pd.DataFrame:
        """The trials of one cell, one row a seed."""
        t = self._by_rule.get((key.problem, key.direction, key.rule), self.trials.iloc[:0])
        return t[(t["lr"] == lr) & (t["init_scale"] == init_scale)]

    @cached_property
    def _by_rule(self) -> dict[tuple[str, str, str], pd.DataFrame]:
        rules = self.trials.groupby(GROUP, sort=False)
        return {(str(p), str(d), str(r)): rows for (p, d, r), rows in rules}


def study_maps(spec: StudySpec, trials: pd.DataFrame, caps: Mapping[str, float]) -> StudyMaps:
    """Bring a study's trials onto maps of learning rate × init scale.

    Rules are split by any further axis. The cells that a refinement added lie beside the grid's.

    Args:
        spec: of the study.
        trials: the columns that `gofau_studies.landscape.table.landscapes` takes, one row a trial.
        caps: value of a diverged trial by problem.

    Raises:
        LandscapeError: the trials describe no landscape.
    """
    goal = goal_of(spec)
    if not spec.search.is_grid:
        shown = binned(trials, goal, *bins(spec))
        lr, init = (covered_range(trials, axis) for axis in AXES)
        found = [
            replace(one, lr_range=lr, init_range=init) for one in landscapes(shown, goal, caps)
        ]
        return StudyMaps(found, shown)
    named = labelled(trials, [axis for axis in spec.axes if axis not in AXES])
    on_grid = is_first(spec, named)
    found = landscapes(named[on_grid], goal, caps)
    return StudyMaps(attach(found, named[~on_grid]), named[on_grid])


def goal_of(spec: StudySpec) -> GoalMetric:
    """The goal as metrics read it."""
    return GoalMetric(spec.goal.metric, spec.goal.minimize, spec.goal.target)


def is_first(spec: StudySpec, trials: pd.DataFrame) -> "pd.Series[bool]":
    """Rows that a study had when it was submitted, hence all but those of a refinement.

    A refinement puts no cell on a point of the grid.
    """
    on_grid = pd.Series(True, index=trials.index)
    if spec.refine:
        for name in AXES:
            on_grid &= trials[name].isin(spec.axes[name].grid())
    return on_grid
