"""The level that rules of a group share, found anew wherever their seeds are resampled."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.optimum import best_cost
from gofau_studies.refine.basin import costs_of
from gofau_studies.report.model import AnalysisSettings
from gofau_studies.report.row import Context
from gofau_studies.statistics.bootstrap import mean_maps


@dataclass(frozen=True)
class Levels:
    """How tolerance and level of a group follow from the best cost that any of its rules reaches.

    Args:
        given: the tolerance, where it was declared.
        share: of the way from the best cost to the cap, the tolerance where none was declared.
        cap: cost of a model that has learnt nothing.
        level: coverage of intervals.
    """

    given: float | None
    share: float
    cap: float
    level: float

    @classmethod
    def of(cls, members: Sequence[Landscape], settings: AnalysisSettings) -> "Levels":
        """The choices of an analysis for a group."""
        given = settings.tolerance or members[0].goal.tolerance
        return cls(given, settings.tolerance_share, members[0].cost_cap, settings.level)

    def context(self, best: Floats) -> Context:
        """The context for each of ``best[R]``, the lowest cost of any rule; NaN at the cap."""
        known = best < self.cap
        return Context(
            np.where(known, self.tolerance(best), np.nan),
            np.where(known, best, np.nan),
            self.level,
        )

    def tolerance(self, best: Floats) -> Floats:
        """How much worse than the best still counts as good, for each best cost."""
        if self.given is not None:
            return np.full_like(best, self.given)
        return np.asarray(self.share * (self.cap - best))


def best_costs(landscape: Landscape, counts: Floats) -> Floats:
    """Lowest cost of any cell, those of a refinement among them, for draws ``counts[R, S]``.

    Returns:
        ``[R]``; NaN where no cell has a result.
    """
    maps = mean_maps(costs_of(landscape), counts)
    return np.concatenate([best_cost(block[:, None]) for block in maps])


def each_seed(members: Sequence[Landscape]) -> dict[int, float]:
    """The lowest cost that any rule reaches on each seed alone."""
    found: dict[int, float] = {}
    for member in members:
        alone = best_costs(member, np.eye(len(member.seeds)))
        for seed, best in zip(member.seeds, alone, strict=True):
            found[seed] = float(np.fmin(best, found.get(seed, np.nan)))
    return found
