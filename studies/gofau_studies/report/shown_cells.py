"""Cells whose learning curves are shown: the best, the edge of the basin, one that diverged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gofau_studies.arrays import Bools, Floats
from gofau_studies.landscape.landscape import Landscape, LandscapeKey
from gofau_studies.metrics.grid import Grid
from gofau_studies.report.assemble import group_context, grouped
from gofau_studies.report.model import AnalysisSettings, CellRole, CurveCell
from gofau_studies.statistics.bootstrap import seed_means
from gofau_studies.statistics.replicates import distinct_seeds

Place = tuple[int, int]


@dataclass(frozen=True)
class ShownCell:
    """A cell of one landscape and why it is shown."""

    key: LandscapeKey
    cell: CurveCell


def shown_cells(landscapes: Sequence[Landscape], settings: AnalysisSettings) -> list[ShownCell]:
    """Up to three cells a rule, in the order of `CellRole`.

    *Best*: the lowest mean cost over seeds. *Edge*: of the cells within the tolerance at the best
    cell's init scale, the one with the largest learning rate; none where that is the best cell.
    *Diverged*: of the cells where at least half of the seeds diverged, the nearest to the best
    cell in decades; at one distance the larger learning rate, then the smaller init scale. A rule
    that has learnt nothing has no best cell; its diverged cell is the nearest to the lowest
    learning rate at the standard init.

    Raises:
        LandscapeError: landscapes that cannot be compared.
    """
    found: list[ShownCell] = []
    for members in grouped(landscapes):
        context = group_context([distinct_seeds(member) for member in members], settings)
        for member in members:
            places = _places(member, float(context.tolerance) if context else np.nan)
            found.extend(_chosen(member, role, at) for role, at in places.items())
    return found


def _chosen(landscape: Landscape, role: CellRole, at: Place) -> ShownCell:
    lr, init = float(landscape.lr[at[0]]), float(landscape.init_scale[at[1]])
    return ShownCell(landscape.key, CurveCell(role=role, lr=lr, init_scale=init))


def _places(landscape: Landscape, tolerance: float) -> dict[CellRole, Place]:
    cost, grid = seed_means(landscape.cost), Grid.of(landscape)
    found: dict[CellRole, Place] = {}
    start = (0, grid.standard_init)
    lowest = np.nanmin(cost) if not np.isnan(cost).all() else np.nan
    if lowest + tolerance < landscape.cost_cap:
        start = _place(int(np.nanargmin(cost)), cost)
        found[CellRole.BEST] = start
        edge = (int(np.flatnonzero(cost[:, start[1]] <= lowest + tolerance)[-1]), start[1])
        if edge != start:
            found[CellRole.EDGE] = edge
    dead = _mostly_diverged(landscape)
    if dead.any():
        found[CellRole.DIVERGED] = _nearest(dead, start, grid)
    return found


def _mostly_diverged(landscape: Landscape) -> Bools:
    """``[L, I]`` whether at least half of the seeds with a result diverged."""
    diverged, results = landscape.diverged.sum(axis=2), landscape.present.sum(axis=2)
    return np.asarray((diverged > 0) & (2 * diverged >= results))


def _nearest(dead: Bools, start: Place, grid: Grid) -> Place:
    distance: Floats = np.hypot(
        (grid.x - grid.x[start[0]])[:, None], (grid.z - grid.z[start[1]])[None, :]
    )
    ranked = np.where(dead, np.round(distance, 9), np.inf)
    from_large_lr = ranked[::-1]
    lr, init = _place(int(from_large_lr.argmin()), from_large_lr)
    return len(grid.x) - 1 - lr, init


def _place(flat: int, array: Floats) -> Place:
    at = np.unravel_index(flat, array.shape)
    return int(at[0]), int(at[1])
