"""M4, time to ε: how many steps a learning rate needs, and how many at the fastest setting."""

from dataclasses import dataclass

import numpy as np

from gofau_studies.arrays import Bools, Floats
from gofau_studies.statistics.bootstrap import blocks, distinct


def steps_below(curves: Floats, level: float) -> Floats:
    """First step at which each curve is at or below ``level``; ``inf`` when never.

    T_ε = min{k : f_k − f* ≤ ε} for ``curves`` = f − f* and ``level`` = ε.

    Args:
        curves: ``[..., T]`` values after 0, 1, ... steps; NaN never counts as below.

    Returns:
        ``[...]``.

    Source: Asi & Duchi, "The importance of better models in stochastic optimization", PNAS
    116:22924 (2019).
    """
    below = curves <= level
    return np.asarray(np.where(below.any(axis=-1), below.argmax(axis=-1), np.inf))


def resampled_quantile(values: Floats, counts: Floats, q: float) -> Floats:
    """Smallest value that at least a share ``q`` of the drawn seeds do not exceed.

    Infinite values rank last, so that q = .5 answers "by when had half of the seeds arrived".

    Args:
        values: ``[..., S]``, NaN where missing (left out).
        counts: ``[R, S]`` draws of each seed.
        q: in (0, 1].

    Returns:
        ``[R, ...]``; NaN where a resample holds no value.
    """
    order = np.argsort(values, axis=-1)  # NaN entries go last
    ranked = np.take_along_axis(values, order, axis=-1)
    drawn = counts[:, order] * ~np.isnan(ranked)
    reached = np.cumsum(drawn, axis=-1)
    total = reached[..., -1:]
    at = _is_share(reached, total, q).argmax(axis=-1)
    found = np.take_along_axis(np.broadcast_to(ranked, drawn.shape), at[..., None], axis=-1)
    return np.asarray(np.where(total > 0, found, np.nan)[..., 0])


def _is_share(reached: Floats, total: Floats, q: float) -> Bools:
    """Whether a share ``q`` is reached, also where it falls short by rounding alone."""
    return np.asarray(reached >= q * total - 1e-9)


def contenders(steps: Floats) -> Floats:
    """Cells that may have the lowest median in some resample.

    A cell's median lies between its least and its largest value. So where one cell has all its
    seeds, a cell whose first seed arrives no earlier than that one's last can be left out.

    Args:
        steps: ``[N, S]``, ``inf`` where never reached, NaN where missing.

    Returns:
        ``[M, S]``.
    """
    last = np.where(np.isnan(steps), np.inf, steps).max(axis=-1)
    first = np.where(np.isnan(steps), np.inf, steps).min(axis=-1)
    kept = first < last.min()
    kept[last.argmin()] = True
    return np.asarray(steps[kept & (first < np.inf)])


@dataclass(frozen=True)
class Arrivals:
    """Sets of seeds that some cell has at the target by some step, from the earliest step on.

    Args:
        steps: ``[U]`` ascending: the first step at which any cell has exactly that set there.
        arrived: ``[U, S]`` the seeds of the set.
        present: ``[U, S]`` the seeds that the cell has a result of.
    """

    steps: Floats
    arrived: Bools
    present: Bools

    @classmethod
    def of(cls, steps: Floats) -> "Arrivals":
        """The sets of cells ``[N, S]``; many cells share few sets."""
        there = np.isfinite(steps)
        cell, seed = np.nonzero(there)
        when = steps[cell, seed]
        arrived, present = steps[cell] <= when[:, None], ~np.isnan(steps[cell])
        order = np.argsort(when, kind="stable")
        packed = np.packbits(np.concatenate([arrived, present], axis=1)[order], axis=1)
        _, first = np.unique(packed, axis=0, return_index=True)
        kept = order[np.sort(first)]
        return cls(when[kept], arrived[kept], present[kept])


def fastest(steps: Floats, counts: Floats) -> Floats:
    """Median steps to the target at the fastest cell.

    Args:
        steps: ``[L, I, S]``, ``inf`` where never reached, NaN where missing.
        counts: ``[R, S]`` draws of each seed.

    Returns:
        ``[R]``; ``inf`` where no cell gets half of its seeds there.
    """
    found = Arrivals.of(contenders(steps.reshape(-1, steps.shape[-1])))
    rows, which = distinct(counts)
    parts = [_first_median(found, block) for block in blocks(rows, max(1, len(found.steps)))]
    return np.concatenate(parts)[which]


def _first_median(found: Arrivals, counts: Floats) -> Floats:
    """The step of the first set that holds half of the drawn seeds of its cell."""
    total = counts @ found.present.T
    half = (total > 0) & _is_share(counts @ found.arrived.T, total, 0.5)
    at = half.argmax(axis=1) if len(found.steps) else np.zeros(len(counts), np.intp)
    steps = np.append(found.steps, np.inf)
    return np.asarray(steps[np.where(half.any(axis=1), at, len(found.steps))])
