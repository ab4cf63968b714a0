"""M10, misspecification regret: what being off the best learning rate by a factor can cost."""

import numpy as np

from gofau_studies.arrays import Floats


def misspecification_regret(curves: Floats, x: Floats, factor: float) -> Floats:
    """Worst excess loss within a factor of the best learning rate.

    R_k = max{ℓ(lr) : lr*/k ≤ lr ≤ k·lr*} − ℓ(lr*), ℓ linear between grid points in log10 lr.
    Where the range leaves the grid the part inside counts, and `leaves_grid` tells.

    Args:
        curves: ``[..., L]`` costs, NaN where missing.
        x: ``[L]`` log10 of the learning rates.
        factor: k >= 1.

    Returns:
        ``[...]`` >= 0, non-decreasing in the factor; 0 for a flat curve.
    """
    reach = np.log10(factor)
    known = ~np.isnan(curves)
    filled = np.where(known, curves, np.inf)
    at = filled.argmin(axis=-1)
    near = np.abs(x - x[:, None]) <= reach + 1e-12
    inside = np.where(near[at] & known, curves, -np.inf).max(axis=-1)
    ends = [_at_offset(curves, x, at, sign * reach) for sign in (-1, 1)]
    worst = np.fmax(inside, np.fmax(*ends))
    return np.asarray(np.where(known.any(axis=-1), worst - filled.min(axis=-1), np.nan))


def _at_offset(curves: Floats, x: Floats, at: Floats, offset: float) -> Floats:
    """Curve value at ``x[at] + offset``, interpolated and held at the grid's ends."""
    position = np.clip(x + offset, x[0], x[-1])
    right = np.clip(np.searchsorted(x, position), 1, max(x.size - 1, 1))
    if x.size == 1:
        return np.asarray(curves[..., 0])
    part = (position - x[right - 1]) / (x[right] - x[right - 1])
    first = np.take_along_axis(curves, (right - 1)[at][..., None], axis=-1)[..., 0]
    second = np.take_along_axis(curves, right[at][..., None], axis=-1)[..., 0]
    mixed = first + part[at] * (second - first)
    # At a node the neighbour plays no part, missing or not.
    return np.asarray(np.where(part[at] == 1, second, np.where(part[at] == 0, first, mixed)))


def leaves_grid(curve: Floats, x: Floats, factor: float) -> tuple[str, ...]:
    """Names of the borders beyond which the range around the best learning rate reaches.

    Args:
        curve: ``[L]`` costs.
    """
    if np.isnan(curve).all():
        return ()
    best, reach = x[int(np.nanargmin(curve))], np.log10(factor) - 1e-12
    low, high = best - reach < x[0], best + reach > x[-1]
    return tuple(name for name, out in (("lr low", low), ("lr high", high)) if out)
