"""Which borders bound a row's number."""

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.optimum import best_cost, optimum_borders, touched_borders
from gofau_studies.metrics.regret import leaves_grid
from gofau_studies.report.row import Censor, Context
from gofau_studies.statistics.bootstrap import seed_means


def optimum(landscape: Landscape, context: Context) -> tuple[str, ...]:
    """Borders that the best cell lies on."""
    return optimum_borders(seed_means(landscape.cost), Grid.of(landscape))


def own_basin(landscape: Landscape, context: Context) -> tuple[str, ...]:
    """Borders that the rule's own basin touches."""
    cost = seed_means(landscape.cost)
    level = float(best_cost(cost) + context.tolerance)
    return _basin(cost, Grid.of(landscape), level)


def shared_basin(landscape: Landscape, context: Context) -> tuple[str, ...]:
    """Borders that the basin at the common level touches."""
    level = float(context.shared_best + context.tolerance)
    return _basin(seed_means(landscape.cost), Grid.of(landscape), level)


def standard_width(landscape: Landscape, context: Context) -> tuple[str, ...]:
    """Borders that the basin at the standard init touches."""
    grid = Grid.of(landscape)
    curve = seed_means(landscape.cost)[:, [grid.standard_init]]
    level = float(best_cost(curve) + context.tolerance)
    return _basin(curve, Grid(grid.lr, np.ones(1)), level)


def regret(factor: float) -> Censor:
    """Borders that ``factor`` around the best learning rate reaches beyond."""

    def censor(landscape: Landscape, context: Context) -> tuple[str, ...]:
        grid = Grid.of(landscape)
        return leaves_grid(seed_means(landscape.cost)[:, grid.standard_init], grid.x, factor)

    return censor


def _basin(cost: Floats, grid: Grid, level: float) -> tuple[str, ...]:
    missing = ("missing cells",) if np.isnan(cost).any() else ()
    return touched_borders(cost <= level, grid) + missing
