"""How each row of the rules table is evaluated on resampled seeds."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from gofau_studies.arrays import Bools, Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.basin import width_below
from gofau_studies.metrics.grid import Grid, weighted_mean
from gofau_studies.metrics.maps import Maps
from gofau_studies.metrics.regret import misspecification_regret
from gofau_studies.metrics.ridge import ridge_slope
from gofau_studies.metrics.sensitivity import mean_lr_sensitivity, windowed_lr_sensitivity
from gofau_studies.metrics.stability import reached, share_samples
from gofau_studies.metrics.time_to_target import fastest
from gofau_studies.metrics.tuning import expected_best
from gofau_studies.metrics.variance import (
    VarianceShares,
    resampled_variance_shares,
    variance_shares,
)
from gofau_studies.refine.basin import refined_volumes, resolution
from gofau_studies.report.mean_maps import OfMaps, OnMaps
from gofau_studies.report.row import Context, Evaluate
from gofau_studies.statistics.bootstrap import bootstrap, distinct, mean_maps, resampled_means
from gofau_studies.statistics.selection import halves, held_out_best, split_half_best

T = TypeVar("T")


class Once(Generic[T]):
    """What several rows each take a part of, worked out for the first of them that asks.

    Args:
        work: from a landscape, seed draws ``[R, S]`` and a context, as `Evaluate` takes them.
    """

    def __init__(self, work: Callable[[Landscape, Floats, Context], T]) -> None:
        self._work = work
        self._known: WeakKeyDictionary[Landscape, tuple[Floats, Context, T]] = WeakKeyDictionary()
        self._turn = threading.Lock()

    def __call__(self, landscape: Landscape, counts: Floats, context: Context) -> T:
        """The result for these very draws and this very context."""
        with self._turn:
            known = self._known.get(landscape)
            if known is None or known[0] is not counts or known[1] is not context:
                made = self._work(landscape, counts, context)
                known = self._known[landscape] = counts, context, made
            return known[2]


def _cost(landscape: Landscape) -> Floats:
    return landscape.cost


def _standard_column(landscape: Landscape) -> Floats:
    return landscape.cost[:, Grid.of(landscape).standard_init]


def on_maps(statistic: OfMaps) -> OnMaps:
    """Evaluate a statistic of ``[B, L, I]`` mean cost maps."""
    return OnMaps(_cost, statistic)


def on_curves(statistic: OfMaps) -> OnMaps:
    """Evaluate a statistic of ``[B, L]`` mean cost curves at the standard init."""
    return OnMaps(_standard_column, statistic)


def best(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Goal metric of the best cell."""
    return landscape.goal.sign * maps.best


def own_basin(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Basin within the tolerance of the map's own best; NaN when that reaches the cap."""
    level = maps.best + context.tolerance
    volume = maps.volume_below(Grid.of(landscape), level)
    return np.where(level < landscape.cost_cap, volume, np.nan)


def refined(statistic: OfMaps, own: bool) -> OnMaps:
    """A basin's volume, on the cells that a refinement added where there are any."""

    def with_added(landscape: Landscape, counts: Floats, context: Context) -> Floats:
        rows, seen, which = context.distinct(counts)

        def level(best: Floats, part: slice) -> Floats:
            here = seen.at(part)
            return _below_cap((best if own else here.shared_best) + here.tolerance, best, landscape)

        return refined_volumes(landscape, rows, level)[which]

    return OnMaps(_cost, statistic, with_added)


def _below_cap(level: Floats | float, best: Floats, landscape: Landscape) -> Floats:
    """A basin's level for each best cost; NaN where diverged cells would count as good."""
    return np.where(level < landscape.cost_cap, np.broadcast_to(level, best.shape), np.nan)


BRACKETED = 1000
"""Resamples behind the interval of a bracket's end, which far fewer settle than a volume's."""


def bracket(end: int) -> Evaluate:
    """The least (0) or the largest (1) area that the cells allow the own basin to have."""

    def evaluate(landscape: Landscape, counts: Floats, context: Context) -> Floats:
        return _resolution(landscape, counts, context)[end]

    return evaluate


@Once
def _resolution(landscape: Landscape, counts: Floats, context: Context) -> tuple[Floats, Floats]:
    some = slice(BRACKETED)
    rows, seen, which = context.at(some).distinct(counts[some])

    def level(best: Floats, part: slice) -> Floats:
        return _below_cap(best + seen.at(part).tolerance, best, landscape)

    low, high = resolution(landscape, rows, level)
    return low[which], high[which]


def shared_basin(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Basin within the tolerance of the best of all rules; NaN when that reaches the cap."""
    level = _below_cap(context.shared_best + context.tolerance, maps.best, landscape)
    volume = maps.volume_below(Grid.of(landscape), level)
    return np.where(np.isnan(level), np.nan, volume)


def standard_width(curves: Maps, landscape: Landscape, context: Context) -> Floats:
    """Basin width along the learning rate, of curves at the standard init."""
    grid = Grid.of(landscape)
    level = curves.best + context.tolerance
    width = width_below(curves.values, grid.x, level)
    return np.where(level < landscape.cost_cap, width, np.nan)


def sensitivity(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Learning-rate sensitivity on the declared range."""
    return mean_lr_sensitivity(maps.values, Grid.of(landscape), landscape.cost_cap)


def window_sensitivity(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Learning-rate sensitivity within a decade of the optimum."""
    return windowed_lr_sensitivity(maps.values, Grid.of(landscape), landscape.cost_cap)


def regret(factor: float) -> OnMaps:
    """Misspecification regret by ``factor`` at the standard init."""

    def statistic(curves: Maps, landscape: Landscape, context: Context) -> Floats:
        return misspecification_regret(curves.values, Grid.of(landscape).x, factor)

    return on_curves(statistic)


def best_of(draws: int) -> OnMaps:
    """Expected best of ``draws`` random settings of the declared ranges, in the goal metric."""

    def statistic(maps: Maps, landscape: Landscape, context: Context) -> Floats:
        flat = maps.values.reshape(len(maps.values), -1)
        weights = Grid.of(landscape).weights.ravel()
        expected = expected_best(flat, weights, np.array([float(draws)]))
        return landscape.goal.sign * expected[..., 0]

    return on_maps(statistic)


def slope(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Slope of the best learning rate over the init scale."""
    return ridge_slope(maps.values, Grid.of(landscape), landscape.cost_cap)


def variance_part(part: str) -> Evaluate:
    """One share of the variance split."""

    def evaluate(landscape: Landscape, counts: Floats, context: Context) -> Floats:
        return np.asarray(getattr(_variance(landscape, counts, context), part))

    return evaluate


@Once
def _variance(landscape: Landscape, counts: Floats, context: Context) -> VarianceShares:
    grid, cost = Grid.of(landscape), landscape.cost
    weights = grid.lr_weights, grid.init_weights
    if not np.isnan(cost).any():
        return resampled_variance_shares(cost, counts, *weights)
    rows, which = distinct(counts)
    pairs = zip(mean_maps(cost, rows), mean_maps(cost**2, rows), strict=True)
    shares = [variance_shares(means, squares, *weights) for means, squares in pairs]
    return VarianceShares(*(np.concatenate(part)[which] for part in zip(*shares, strict=True)))


def held_out(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    """Goal metric of the cell picked on half of the seeds, on the other half.

    The point estimate (one row of draws) averages all splits; resamples take them in turn.
    """
    if len(counts) == 1:
        return landscape.goal.sign * np.array([split_half_best(landscape.cost)])
    splits = halves(counts.shape[1])
    picks = splits[np.arange(len(counts)) % len(splits)]
    return landscape.goal.sign * held_out_best(landscape.cost, counts, picks)


def steps_at_fastest(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    """Median steps to the target at the fastest cell."""
    if landscape.steps_to_target is None:
        return np.full(len(counts), np.nan)
    steps = np.where(landscape.present, landscape.steps_to_target, np.nan)
    return fastest(steps, counts)


def frozen(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    """Mean share of parameters that the rule cannot move."""
    if landscape.frozen_fraction is None:
        return np.full(len(counts), np.nan)
    values = np.where(landscape.present, landscape.frozen_fraction, np.nan)
    flat = values.reshape(-1, values.shape[-1])
    weights = Grid.of(landscape).weights.ravel()
    if not np.isnan(flat).any():
        # The mean over a whole grid of a mean over seeds is the mean over seeds of the grid's.
        return resampled_means(weighted_mean(flat.T, weights), counts)
    return bootstrap(flat, counts, lambda means: weighted_mean(means, weights))


def _share(hits_of: Callable[[Landscape], Bools]) -> Evaluate:
    def evaluate(landscape: Landscape, counts: Floats, context: Context) -> Floats:
        return share_samples(hits_of(landscape), landscape.present, Grid.of(landscape), counts)

    return evaluate


diverged = _share(lambda landscape: landscape.diverged)
at_target = _share(reached)
