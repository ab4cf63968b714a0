"""M1, learning-rate sensitivity: how much loss a learning rate drawn from the range gives away."""

import numpy as np

from studies.landscape import Floats
from studies.metrics.grid import Grid, weighted_mean


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

    The optimum is that of the map, averaged over init scales; a window that leaves the grid is
    cut off there.

    Args:
        maps: ``[..., L, I]`` costs.
        decades: half-width of the window.
    """
    flat = maps.reshape(-1, *maps.shape[-2:])
    profile = weighted_mean(flat, grid.init_weights)
    centres = np.where(np.isnan(profile), np.inf, profile).argmin(axis=-1)
    found = np.empty(len(flat))
    for centre in np.unique(centres):
        near = np.flatnonzero(np.abs(grid.x - grid.x[centre]) <= decades + 1e-9)
        rows, window = np.flatnonzero(centres == centre), slice(near[0], near[-1] + 1)
        weights = grid.lr_weights[window]
        found[rows] = _mean_of_columns(flat[rows, window], weights, grid.init_weights, cap)
    return found.reshape(maps.shape[:-2])
