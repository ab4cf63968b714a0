"""Weights and coverage on a log-spaced grid of learning rates and init scales."""

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from gofau_studies.arrays import Bools, Floats
from gofau_studies.landscape.landscape import Landscape, Range


def trapezoid_weights(x: Floats) -> Floats:
    """Trapezoid weights of a mean over ascending ``x[N]``, summing to 1; one point weighs 1.

    w_i ∝ (x_{i+1} − x_{i−1}) / 2 with one-sided halves at the ends.
    """
    if x.size == 1:
        return np.ones(1)
    steps = np.diff(x)
    padded = np.concatenate([[0.0], steps, [0.0]])
    return np.asarray((padded[:-1] + padded[1:]) / (2.0 * steps.sum()))


def range_weights(x: Floats, bounds: Range | None) -> Floats:
    """Weights of a mean over a range, of values at ``x[N]`` that hold out to the range's ends.

    For centres of equal bins they are equal. Without a range it is the one from x_1 to x_N, whose
    weights are those of the trapezoid rule.

    Args:
        bounds: lower and upper end, as powers of ten of positions.
    """
    if bounds is None or x.size == 1:
        return trapezoid_weights(x)
    low, high = np.log10(bounds)
    between = (x[1:] + x[:-1]) / 2
    return np.asarray(np.diff(np.concatenate([[low], between, [high]])) / (high - low))


@dataclass(frozen=True, eq=False)
class Grid:
    """Log-spaced axes: ``lr[L]`` and ``init_scale[I]``, and the ranges that bins of them cover."""

    lr: Floats
    init_scale: Floats
    lr_range: Range | None = None
    init_range: Range | None = None

    @classmethod
    def of(cls, landscape: Landscape) -> "Grid":
        """The grid under a landscape, made once."""
        found = _GRIDS.get(landscape)
        if found is None:
            found = _GRIDS[landscape] = cls(
                landscape.lr, landscape.init_scale, landscape.lr_range, landscape.init_range
            )
        return found

    @cached_property
    def x(self) -> Floats:
        """``[L]`` decades of the learning rate."""
        return np.asarray(np.log10(self.lr))

    @cached_property
    def z(self) -> Floats:
        """``[I]`` decades of the init scale."""
        return np.asarray(np.log10(self.init_scale))

    @cached_property
    def lr_weights(self) -> Floats:
        """``[L]`` weights of a mean over the range, summing to 1."""
        return range_weights(self.x, self.lr_range)

    @cached_property
    def init_weights(self) -> Floats:
        """``[I]`` weights of a mean over the range, summing to 1."""
        return range_weights(self.z, self.init_range)

    @cached_property
    def weights(self) -> Floats:
        """``[L, I]`` cell weights, summing to 1."""
        return np.asarray(np.outer(self.lr_weights, self.init_weights))

    @property
    def standard_init(self) -> int:
        """Index of the init scale nearest 1 in log space: the standard initialisation."""
        return int(np.argmin(np.abs(self.z)))


_GRIDS: "WeakKeyDictionary[Landscape, Grid]" = WeakKeyDictionary()


def coverage(present: Bools, grid: Grid) -> float:
    """Weighted share of trials that have a result, in [0, 1].

    Args:
        present: ``[L, I, S]``.
    """
    return float((present.mean(axis=2) * grid.weights).sum())


def weighted_mean(values: Floats, weights: Floats) -> Floats:
    """Mean of ``values[..., N]`` under ``weights[N]``, leaving out NaN entries.

    NaN where nothing is left.
    """
    sums = np.asarray(values @ weights)
    whole = float(weights.sum())
    if whole > 0 and not np.isnan(sums).any():
        return np.asarray(sums / whole)
    there = ~np.isnan(values)
    total = there @ weights
    sums = np.where(there, values, 0.0) @ weights
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, sums / total, np.nan))
