"""What a heat map of one rule shows, whatever draws it."""

from dataclasses import dataclass, replace

import numpy as np

from gofau.catalog import SHARE
from gofau.catalog.metrics import better_side
from gofau_studies.arrays import Floats
from gofau_studies.figures.colour import ColourScale
from gofau_studies.figures.contour import level_segments
from gofau_studies.landscape.landscape import Landscape, LandscapeError
from gofau_studies.metrics.grid import Grid, coverage
from gofau_studies.metrics.optimum import best_cost
from gofau_studies.metrics.ridge import best_log_lr
from gofau_studies.metrics.scalar import enough
from gofau_studies.report.wording import labelled
from gofau_studies.statistics.bootstrap import seed_means


@dataclass(frozen=True, eq=False)
class MapView:
    """One rule's lr × init map.

    ``cost[L, I]`` is the mean over seeds (NaN: missing), ``diverged[L, I]`` the share of seeds
    that diverged, ``results[L, I]`` how many seeds have a result, ``contour[N, 2, 2]`` the
    basin's border, ``ridge[I]`` log10 of the best lr (NaN: censored), ``best`` the best cell.
    """

    title: str
    metric: str
    unit: str
    sign: float
    grid: Grid
    cost: Floats
    diverged: Floats
    results: Floats
    n_seeds: int
    contour: Floats
    ridge: Floats
    best: tuple[int, int] | None

    @property
    def label(self) -> str:
        """``val_loss (lower is better)``, with the unit where it has one."""
        return labelled(self.metric, better_side(self.sign > 0), self.unit)


def map_view(landscape: Landscape, tolerance: float | None) -> MapView:
    """The view of a landscape, with its basin within ``tolerance`` of its own best.

    Basin, ridge and best cell wait for the coverage that the report's numbers wait for: on the part
    of a grid that ran first they would mark what is best there.
    """
    grid, cost = Grid.of(landscape), seed_means(landscape.cost)
    best = float(best_cost(cost))
    covered = enough(coverage(landscape.present, grid))
    ridge = best_log_lr(cost, grid, landscape.cost_cap)
    learnt = covered and tolerance is not None and best + tolerance < landscape.cost_cap
    contour = (
        level_segments(cost, grid.x, grid.z, best + tolerance)
        if learnt and tolerance is not None
        else np.empty((0, 2, 2))
    )
    results = landscape.present.sum(axis=2).astype(np.float64)
    diverged = landscape.diverged.sum(axis=2) / np.maximum(results, 1)
    return MapView(
        title=landscape.key.rule,
        metric=landscape.goal.metric,
        unit=landscape.goal.unit,
        sign=landscape.goal.sign,
        grid=grid,
        cost=cost,
        diverged=diverged,
        results=results,
        n_seeds=len(landscape.seeds),
        contour=contour,
        ridge=ridge if covered else np.full_like(ridge, np.nan),
        best=_best_cell(cost) if learnt else None,
    )


def frozen_view(landscape: Landscape) -> MapView:
    """The map of the share of parameters that the rule cannot move, mean over seeds.

    Raises:
        LandscapeError: the landscape records no frozen fraction.
    """
    if landscape.frozen_fraction is None:
        raise LandscapeError("frozen_fraction", "none", "a share for each trial")
    frozen = np.where(landscape.present, landscape.frozen_fraction, np.nan)
    plain = map_view(landscape, None)
    return replace(
        plain,
        metric="frozen fraction",
        unit=SHARE,
        sign=1.0,
        cost=seed_means(frozen),
        diverged=np.zeros_like(plain.diverged),
        ridge=np.full_like(plain.ridge, np.nan),
    )


FROZEN_SCALE = ColourScale(0.0, 1.0)
"""Colours of `frozen_view`: light where every parameter can move."""


def _best_cell(cost: Floats) -> tuple[int, int]:
    at = np.unravel_index(int(np.nanargmin(cost)), cost.shape)
    return int(at[0]), int(at[1])


def shared_scale(landscapes: list[Landscape]) -> ColourScale:
    """One colour scale for several landscapes: from the best of them all to the cap."""
    bests = [float(best_cost(seed_means(m.cost))) for m in landscapes]
    known = [b for b in bests if not np.isnan(b)]
    cap = landscapes[0].cost_cap
    return ColourScale(min(known, default=cap), cap)
