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
    columns = lr_sensitivity(np.swapaxes(maps, -1, -2), grid.lr_weights, cap)
    return weighted_mean(columns, grid.init_weights)


def windowed_lr_sensitivity(maps: Floats, grid: Grid, cap: float, decades: float = 1.0) -> Floats:
    """Like `mean_lr_sensitivity` on the learning rates within ``decades`` of each map's optimum.

    The optimum is that of the map, averaged over init scales; a window that leaves the grid is
    cut off there.

    Args:
        maps: ``[..., L, I]`` costs.
        decades: half-width of the window.
    """
    profile = weighted_mean(maps, grid.init_weights)
    centre = np.where(np.isnan(profile), np.inf, profile).argmin(axis=-1)
    far = np.abs(grid.x - grid.x[centre][..., None]) > decades + 1e-9
    return mean_lr_sensitivity(np.where(far[..., None], np.nan, maps), grid, cap)
