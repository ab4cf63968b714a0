"""Seed-cluster bootstrap: seeds are resampled whole, across all cells and rules at once."""

from collections.abc import Callable, Iterator

import numpy as np

from studies.landscape import Floats

BLOCK_VALUES = 12_000
"""Numbers in a block of resampled maps, so that it stays in the processor's cache."""


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
    flat = values.reshape(-1, values.shape[-1]).T
    there = ~np.isnan(flat)
    sums = counts @ np.where(there, flat, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / (counts @ there.astype(np.float64))
    return np.asarray(means.reshape(len(counts), *values.shape[:-1]))


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


def bootstrap(values: Floats, counts: Floats, statistic: Callable[[Floats], Floats]) -> Floats:
    """A statistic of mean maps over seed resamples.

    Args:
        values: ``[L, I, S]`` costs.
        counts: ``[R, S]`` from `seed_counts`.
        statistic: takes ``[B, L, I]`` mean maps and returns ``[B]``.

    Returns:
        ``[R]`` samples.
    """
    cells = values.size // values.shape[-1]
    parts = [statistic(resampled_means(values, block)) for block in blocks(counts, cells)]
    return np.concatenate(parts)
