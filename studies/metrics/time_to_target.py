"""M4, time to ε: how many steps a learning rate needs, and how many at the fastest setting."""

import numpy as np

from studies.landscape import Floats


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
    # Whole counts: a share that falls short by rounding alone still counts as reached.
    at = (reached >= q * total - 1e-9).argmax(axis=-1)
    found = np.take_along_axis(np.broadcast_to(ranked, drawn.shape), at[..., None], axis=-1)
    return np.asarray(np.where(total > 0, found, np.nan)[..., 0])


def fastest(steps: Floats, counts: Floats) -> Floats:
    """Median steps to the target at the fastest cell.

    Args:
        steps: ``[L, I, S]``, ``inf`` where never reached, NaN where missing.
        counts: ``[R, S]`` draws of each seed.

    Returns:
        ``[R]``; ``inf`` where no cell gets half of its seeds there.
    """
    medians = resampled_quantile(steps, counts, 0.5)
    known = np.where(np.isnan(medians), np.inf, medians)
    return np.asarray(known.min(axis=(-2, -1)))
