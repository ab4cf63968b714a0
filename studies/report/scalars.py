"""The rules table: each row's title, unit, sense and how to evaluate it on resampled seeds."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from studies.landscape import Bools, Floats, Landscape
from studies.metrics.basin import basin_volume, width_below
from studies.metrics.grid import Grid, coverage
from studies.metrics.optimum import best_cost, optimum_borders, touched_borders
from studies.metrics.scalar import Scalar, sampled_interval
from studies.metrics.sensitivity import mean_lr_sensitivity, windowed_lr_sensitivity
from studies.metrics.stability import reached, share_interval, share_samples
from studies.statistics.bootstrap import bootstrap, seed_means
from studies.statistics.intervals import Interval


@dataclass(frozen=True)
class Context:
    """What a row needs beyond its landscape: tolerance and best cost of the group, level."""

    tolerance: float
    shared_best: float
    level: float = 0.95


Evaluate = Callable[[Landscape, Floats, Context], Floats]
Censor = Callable[[Landscape, Context], tuple[str, ...]]
IntervalOf = Callable[[Landscape, Context], Interval]


def _no_censor(landscape: Landscape, context: Context) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Row:
    """One scalar of the rules table.

    ``evaluate`` maps a landscape and seed draws ``[R, S]`` to ``[R]`` values. ``unit`` may be
    ``metric`` (the goal metric's own), ``decades`` (squared when both axes are swept), ``share``
    or another word. ``more`` and ``less`` say in a verdict what a positive or negative
    difference means; ``closed_form`` replaces the bootstrap interval.
    """

    name: str
    title: str
    unit: str
    doc: str
    evaluate: Evaluate
    more: str
    less: str
    censor: Censor = _no_censor
    closed_form: IntervalOf | None = None
    applies: Callable[[Landscape], bool] = lambda landscape: True


def _maps(landscape: Landscape, counts: Floats, of: Callable[[Floats], Floats]) -> Floats:
    return bootstrap(landscape.cost, counts, of)


def _best(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    return landscape.goal.sign * _maps(landscape, counts, best_cost)


def _own_basin(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    grid = Grid.of(landscape)

    def volume(maps: Floats) -> Floats:
        level = best_cost(maps) + context.tolerance
        return np.where(level < landscape.cost_cap, basin_volume(maps, grid, level), np.nan)

    return _maps(landscape, counts, volume)


def _shared_basin(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    level = context.shared_best + context.tolerance
    return _maps(landscape, counts, partial(basin_volume, grid=Grid.of(landscape), level=level))


def _width(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    grid = Grid.of(landscape)

    def width(maps: Floats) -> Floats:
        curves = maps[..., grid.standard_init]
        level = best_cost(curves[..., None]) + context.tolerance
        return np.where(level < landscape.cost_cap, width_below(curves, grid.x, level), np.nan)

    return _maps(landscape, counts, width)


def _sensitivity(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    grid, cap = Grid.of(landscape), landscape.cost_cap
    return _maps(landscape, counts, lambda maps: mean_lr_sensitivity(maps, grid, cap))


def _window_sensitivity(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    grid, cap = Grid.of(landscape), landscape.cost_cap
    return _maps(landscape, counts, lambda maps: windowed_lr_sensitivity(maps, grid, cap))


def _share(hits_of: Callable[[Landscape], Bools]) -> tuple[Evaluate, IntervalOf]:
    def evaluate(landscape: Landscape, counts: Floats, context: Context) -> Floats:
        return share_samples(hits_of(landscape), landscape.present, Grid.of(landscape), counts)

    def interval(landscape: Landscape, context: Context) -> Interval:
        grid = Grid.of(landscape)
        return share_interval(hits_of(landscape), landscape.present, grid, context.level)

    return evaluate, interval


def _censored_optimum(landscape: Landscape, context: Context) -> tuple[str, ...]:
    return optimum_borders(seed_means(landscape.cost), Grid.of(landscape))


def _basin_censor(cost: Floats, grid: Grid, level: float) -> tuple[str, ...]:
    missing = ("missing cells",) if np.isnan(cost).any() else ()
    return touched_borders(cost <= level, grid) + missing


def _censored_own(landscape: Landscape, context: Context) -> tuple[str, ...]:
    cost = seed_means(landscape.cost)
    level = float(best_cost(cost)) + context.tolerance
    return _basin_censor(cost, Grid.of(landscape), level)


def _censored_shared(landscape: Landscape, context: Context) -> tuple[str, ...]:
    level = context.shared_best + context.tolerance
    return _basin_censor(seed_means(landscape.cost), Grid.of(landscape), level)


def _censored_width(landscape: Landscape, context: Context) -> tuple[str, ...]:
    grid = Grid.of(landscape)
    curve = seed_means(landscape.cost)[:, [grid.standard_init]]
    level = float(best_cost(curve)) + context.tolerance
    return _basin_censor(curve, Grid(grid.lr, np.ones(1)), level)


_diverged, _diverged_interval = _share(lambda landscape: landscape.diverged)
_reached, _reached_interval = _share(reached)

ROWS: tuple[Row, ...] = (
    Row(
        "divergence_rate",
        "Diverged",
        "share",
        "volume-weighted share of trials that diverged or ended non-finite (M3)",
        _diverged,
        "diverged more often",
        "diverged less often",
        closed_form=_diverged_interval,
    ),
    Row(
        "success_rate",
        "At target",
        "share",
        "volume-weighted share of trials that met the target (M3)",
        _reached,
        "met the target more often",
        "met the target less often",
        closed_form=_reached_interval,
        applies=lambda landscape: landscape.goal.target is not None,
    ),
    Row(
        "best",
        "Best",
        "metric",
        "goal metric of the best cell, mean over seeds",
        _best,
        "best value higher",
        "best value lower",
        censor=_censored_optimum,
    ),
    Row(
        "basin_volume",
        "Basin",
        "decades",
        "measure of the settings within the tolerance of this rule's own best (M2)",
        _own_basin,
        "basin larger",
        "basin smaller",
        censor=_censored_own,
    ),
    Row(
        "shared_basin_volume",
        "Basin, common level",
        "decades",
        "measure of the settings within the tolerance of the best that any rule reaches (M2)",
        _shared_basin,
        "basin at the common level larger",
        "basin at the common level smaller",
        censor=_censored_shared,
    ),
    Row(
        "basin_width",
        "Basin width",
        "decades of lr",
        "decades of learning rate within the tolerance of the best, at the standard init (M2)",
        _width,
        "basin wider at the standard init",
        "basin narrower at the standard init",
        censor=_censored_width,
    ),
    Row(
        "lr_sensitivity",
        "lr sensitivity",
        "metric",
        "expected loss given up by a learning rate drawn from the declared range (M1)",
        _sensitivity,
        "more sensitive to the learning rate",
        "less sensitive to the learning rate",
        censor=_censored_optimum,
    ),
    Row(
        "lr_sensitivity_window",
        "lr sensitivity, ±1 decade",
        "metric",
        "the same within one decade of this rule's own optimum (M1)",
        _window_sensitivity,
        "more sensitive within a decade of its optimum",
        "less sensitive within a decade of its optimum",
        censor=_censored_optimum,
    ),
)
"""Rows of the rules table, in print order."""


def unit_of(row: Row, landscape: Landscape) -> str:
    """The unit in words."""
    if row.unit == "metric":
        return landscape.goal.metric
    both = len(landscape.lr) > 1 and len(landscape.init_scale) > 1
    return "decades²" if row.unit == "decades" and both else row.unit


def scalar(row: Row, landscape: Landscape, samples: Floats, context: Context) -> Scalar:
    """The scalar of one row, with the interval of its bootstrap ``samples[R]``."""
    n_seeds = len(landscape.seeds)
    point = row.evaluate(landscape, np.ones((1, n_seeds)), context)
    interval = (
        sampled_interval(samples, n_seeds, context.level)
        if row.closed_form is None
        else row.closed_form(landscape, context)
    )
    return Scalar.measured(
        float(point[0]),
        interval,
        coverage(landscape.present, Grid.of(landscape)),
        n_seeds,
        censored=row.censor(landscape, context),
        bound="≤" if row.name == "best" and landscape.goal.minimize else "≥",
        unit=unit_of(row, landscape),
        level=context.level,
    )
