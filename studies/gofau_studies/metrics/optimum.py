"""The best cell of a map and whether it lies on the grid's border."""

import numpy as np

from gofau_studies.arrays import Bools, Floats
from gofau_studies.metrics.grid import Grid

BORDERS = ("lr low", "lr high", "init_scale low", "init_scale high")


def best_cost(maps: Floats) -> Floats:
    """Lowest cost of each map: ℓ* = min over cells, NaN cells left out.

    Args:
        maps: ``[..., L, I]`` costs.

    Returns:
        ``[...]``; NaN where a map holds no value.
    """
    flat = np.asarray(maps.min(axis=(-2, -1)))
    if np.isnan(flat).any():
        flat = np.where(np.isnan(maps), np.inf, maps).min(axis=(-2, -1))
    return np.asarray(np.where(np.isinf(flat), np.nan, flat))


def touched_borders(inside: Bools, grid: Grid) -> tuple[str, ...]:
    """Names of the grid's borders that hold a cell of ``inside[L, I]``.

    An axis of one point was not swept, hence has no border.
    """
    sides = (inside[0], inside[-1], inside[:, 0], inside[:, -1])
    swept = (grid.lr.size > 1,) * 2 + (grid.init_scale.size > 1,) * 2
    return tuple(
        name for name, side, on in zip(BORDERS, sides, swept, strict=True) if on and side.any()
    )


def optimum_borders(cost: Floats, grid: Grid) -> tuple[str, ...]:
    """Names of the borders that the best cell of the map ``cost[L, I]`` lies on."""
    return touched_borders(cost == best_cost(cost), grid)
