"""M1, learning-rate sensitivity: how much loss a learning rate drawn from the range gives away."""

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.metrics.grid import Grid, trapezoid_weights, weighted_mean


def lr_sensitivity(curves: Floats, weights: Floats, cap: float) -> Floats:
    """Expected excess of the capped loss over the best one on a learning-rate curve.

    S = E over lr of [min(ℓ(lr), ℓ0) − ℓ*], ℓ* = min over lr of min(ℓ, ℓ0)

    It is 0 exactly when the curve is flat, and unchanged when the same constant is added to ℓ
    and ℓ0.

    Args:
        curves: ``[..., L]`` costs, NaN where missing.
        weights: ``[L]`` weights of the learning rates, summing to 1.
        cap: ℓ0, the cost of a model that has learnt nothing.

    Returns:
        ``[...]`` in the loss's unit, >= 0; NaN where a curve holds no value.

    Source: Wortsman et al., "Small-scale proxies for large-scale Transformer training
    instabilities", arXiv 2309.14322 (2023).
    """
    capped = np.minimum(curves, cap)
    best = np.where(np.isnan(capped), np.inf, capped).min(axis=-1)
    excess = capped - best[..., None]
    return weighted_mean(excess, weights)


def mean_lr_sensitivity(maps: Floats, grid: Grid, cap: float) -> Floats:
    """Sensitivity of each init scale's own curve, averaged over init scales.

    Args:
        maps: ``[..., L, I]`` costs.

    Returns:
        ``[...]``.
    """
    return _mean_of_columns(maps, grid.lr_weights, grid.init_weights, cap)


def _mean_of_columns(maps: Floats, lr_weights: Floats, init_weights: Floats, cap: float) -> Floats:
    capped = np.minimum(maps, cap)
    best = capped.min(axis=-2, keepdims=True)
    if np.isnan(best).any():
        columns = lr_sensitivity(np.swapaxes(maps, -1, -2), lr_weights, cap)
    else:
        # What `lr_sensitivity` does, in the order in which maps lie in memory.
        columns = lr_weights @ np.subtract(capped, best, out=capped) / lr_weights.sum()
    return weighted_mean(columns, init_weights)


def windowed_lr_sensitivity(maps: Floats, grid: Grid, cap: float, decades: float = 1.0) -> Floats:
    """Like `mean_lr_sensitivity` on the learning rates within ``decades`` of each map's optimum.

    The optimum is that of the map, averaged over init scales. The mean is the trapezoid mean of
    the window itself, whose ends are interpolated where no learning rate lies on them; a window
    that leaves the grid is cut off there.

    Args:
        maps: ``[..., L, I]`` costs.
        decades: half-width of the window.
    """
    flat = maps.reshape(-1, *maps.shape[-2:])
    profile = weighted_mean(flat, grid.init_weights)
    centres = np.where(np.isnan(profile), np.inf, profile).argmin(axis=-1)
    found = np.empty(len(flat))
    places, held = _held(flat, grid)
    for centre in np.unique(centres):
        rows, middle = np.flatnonzero(centres == centre), grid.x[centre]
        x, cut = _cut(np.minimum(held[rows], cap), places, middle - decades, middle + decades)
        found[rows] = _mean_of_columns(cut, trapezoid_weights(x), grid.init_weights, cap)
    return found.reshape(maps.shape[:-2])


def _held(maps: Floats, grid: Grid) -> tuple[Floats, Floats]:
    """Positions and ``[B, N, I]`` values out to the range of bins; the outermost ones hold."""
    if grid.lr_range is None or grid.lr.size == 1:
        return grid.x, maps
    low, high = np.log10(grid.lr_range)
    values = np.concatenate([maps[:, :1], maps, maps[:, -1:]], axis=1)
    return np.concatenate([[low], grid.x, [high]]), values


def _cut(maps: Floats, x: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """Positions and ``[B, N, I]`` values of ``maps[B, L, I]``, linear in x, from low to high.

    An end beyond the grid is the grid's.
    """
    inside = np.flatnonzero((x >= low - 1e-9) & (x <= high + 1e-9))
    first, last = inside[0], inside[-1]
    places, values = [x[first : last + 1]], [maps[:, first : last + 1]]
    if first > 0 and x[first] - low > 1e-9:
        places.insert(0, np.array([low]))
        values.insert(0, _between(maps, x, first - 1, low))
    if last < x.size - 1 and high - x[last] > 1e-9:
        places.append(np.array([high]))
        values.append(_between(maps, x, last, high))
    return np.concatenate(places), np.concatenate(values, axis=1)


def _between(maps: Floats, x: Floats, left: int, at: float) -> Floats:
    """``[B, 1, I]`` values at a place between the nodes ``left`` and ``left + 1``."""
    part = (at - x[left]) / (x[left + 1] - x[left])
    return np.asarray((1 - part) * maps[:, [left]] + part * maps[:, [left + 1]])
