"""Seed-cluster bootstrap: seeds are resampled whole, across all cells and rules at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from gofau_studies.arrays import Floats, Indices

BLOCK_VALUES = 80_000
"""Numbers in a block of resampled maps: they fit the cache, and outlast the handing over of the
interpreter's lock between threads."""


ONE_THREAD = 200_000
"""Multiplications that OpenBLAS does not spread over threads, which get in each other's way where
rows are worked out side by side."""

PRODUCT = 64
"""Resamples whose mean maps are multiplied out together."""

T = TypeVar("T", bound=np.generic)


def seed_counts(n_seeds: int, resamples: int, rng: np.random.Generator) -> Floats:
    """How often each seed is drawn when ``n_seeds`` seeds are drawn with replacement.

    One draw serves every cell and every rule, so that a seed's trials stay together and rules
    stay paired.

    Returns:
        ``[R, S]`` counts, each row summing to S.

    Source: Field & Welsh, "Bootstrapping clustered data", JRSS B 69:369 (2007).
    """
    drawn = rng.multinomial(n_seeds, np.full(n_seeds, 1.0 / n_seeds), size=resamples)
    return drawn.astype(np.float64)


def resampled_means(values: Floats, counts: Floats) -> Floats:
    """Means over resampled seeds.

    Args:
        values: ``[..., S]``, NaN where missing.
        counts: ``[R, S]`` draws of each seed.

    Returns:
        ``[R, ...]``; NaN where a resample holds no value.
    """
    return SeedValues.of(values).means(counts)


@dataclass(frozen=True, eq=False)
class SeedValues:
    """Values by seed as products with draws take them.

    Args:
        filled: ``[S, N]``, 0 where missing.
        there: ``[S, N]`` 1 where there is a value, else 0; ``None`` where none is missing.
        shape: of one mean.
    """

    filled: Floats
    there: Floats | None
    shape: tuple[int, ...]

    @classmethod
    def of(cls, values: Floats) -> Self:
        """From ``values[..., S]``, NaN where missing."""
        flat = values.reshape(-1, values.shape[-1]).T
        there = ~np.isnan(flat)
        if there.all():
            return cls(flat, None, values.shape[:-1])
        return cls(np.where(there, flat, 0.0), there.astype(np.float64), values.shape[:-1])

    def means(self, counts: Floats) -> Floats:
        """`resampled_means` of these values."""
        sums = _product(counts, self.filled)
        if self.there is None:
            drawn = counts.sum(axis=1, keepdims=True)
        else:
            drawn = _product(counts, self.there)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = np.divide(sums, drawn, out=sums)
        return np.asarray(means.reshape(len(counts), *self.shape))


def _product(counts: Floats, values: Floats) -> Floats:
    """``counts[R, S] @ values[S, N]``, some columns at a time."""
    width = max(1, ONE_THREAD // counts.size)
    product = np.empty((len(counts), values.shape[1]))
    for start in range(0, values.shape[1], width):
        part = slice(start, start + width)
        np.matmul(counts, values[:, part], out=product[:, part])
    return product


def weighted_means(rows: Floats, weights: Floats) -> Floats:
    """Mean of each of ``rows[R, S]`` under its own ``weights[R, S]``, leaving out NaN entries.

    Returns:
        ``[R]``; NaN where nothing is left.
    """
    there = ~np.isnan(rows)
    sums = (weights * np.where(there, rows, 0.0)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / (weights * there).sum(axis=1))


def seed_means(values: Floats) -> Floats:
    """Mean of ``values[..., S]`` over seeds, NaN where all are missing."""
    return np.asarray(resampled_means(values, np.ones((1, values.shape[-1])))[0])


def block_size(cells: int) -> int:
    """How many resamples of maps of ``cells`` values to handle at a time."""
    return max(1, BLOCK_VALUES // cells)


def blocks(counts: Floats, cells: int) -> Iterator[Floats]:
    """Slices of ``counts[R, S]`` of at most `block_size` resamples."""
    size = block_size(cells)
    for start in range(0, len(counts), size):
        yield counts[start : start + size]


def distinct(counts: Floats) -> tuple[Floats, Indices]:
    """Each row of ``counts[R, S]`` once, and which of those each resample is.

    Few seeds have few resamples: five have 126, whatever R. Rows are told apart by their digits in
    base S + 1, as long as a double holds those exactly; with more seeds repeats are rare.
    """
    n_seeds = counts.shape[1]
    if (n_seeds + 1) ** n_seeds > 2**53:
        return counts, np.arange(len(counts))
    codes = counts @ float(n_seeds + 1) ** np.arange(n_seeds)
    _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    return counts[first], which


def step_size(values: Floats) -> int:
    """How many resamples of ``values[..., S]`` `mean_maps` multiplies out together."""
    size = block_size(values.size // values.shape[-1])
    return size * -(-PRODUCT // size)


def mean_maps(values: Floats, counts: Floats) -> Iterator[Floats]:
    """Mean maps over resampled seeds, as many at a time as the processor's cache holds.

    They are multiplied out many at a time, which reads the values once for all of these.

    Args:
        values: ``[..., S]``, NaN where missing.
        counts: ``[R, S]`` from `seed_counts`.

    Yields:
        ``[B, ...]``.
    """
    size, step = block_size(values.size // values.shape[-1]), step_size(values)
    by_seed = SeedValues.of(values)
    for start in range(0, len(counts), step):
        means = by_seed.means(counts[start : start + step])
        for first in range(0, len(means), size):
            yield means[first : first + size]


def bootstrap(
    values: Floats, counts: Floats, statistic: Callable[[Floats], npt.NDArray[T]]
) -> npt.NDArray[T]:
    """A statistic of mean maps over seed resamples, worked out once for each distinct one.

    Args:
        values: ``[..., S]``, NaN where missing.
        counts: ``[R, S]`` from `seed_counts`.
        statistic: takes ``[B, ...]`` mean maps and returns ``[B, ...]``.

    Returns:
        ``[R, ...]`` samples.
    """
    rows, which = distinct(counts)
    return np.concatenate([statistic(maps) for maps in mean_maps(values, rows)])[which]
