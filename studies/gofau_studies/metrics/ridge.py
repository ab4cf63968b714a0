"""M11, the lr–init ridge: where the best learning rate lies at each init scale, and its slope."""

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.metrics.grid import Grid


def best_log_lr(maps: Floats, grid: Grid, cap: float = np.inf) -> Floats:
    """log10 of the best learning rate at each init scale, refined between grid points.

    The best grid point and its two neighbours define a parabola in log10 lr, whose vertex is the
    estimate. NaN where the row is censored: its best point is at the border, beside a missing
    cell, not below the cap, or the whole row is flat.

    Args:
        maps: ``[..., L, I]`` costs.
        cap: cost of a model that has learnt nothing.

    Returns:
        ``[..., I]``; all NaN with fewer than three learning rates.
    """
    if grid.lr.size < 3:
        return np.full((*maps.shape[:-2], maps.shape[-1]), np.nan)
    at = maps.argmin(axis=-2)  # of a missing cell, where there is one
    if np.isnan(maps).any():
        at = np.where(np.isnan(maps), np.inf, maps).argmin(axis=-2)
    inner = np.clip(at, 1, grid.lr.size - 2)
    left, here, right = (
        np.take_along_axis(maps, (inner + step)[..., None, :], axis=-2)[..., 0, :]
        for step in (-1, 0, 1)
    )
    vertex = grid.x[inner] + _vertex_offset(
        grid.x[inner] - grid.x[inner - 1],
        grid.x[inner + 1] - grid.x[inner],
        left - here,
        right - here,
    )
    flat = (left == here) & (right == here)
    return np.asarray(np.where((at == inner) & (here < cap) & ~flat, vertex, np.nan))


def _vertex_offset(back: Floats, ahead: Floats, left: Floats, right: Floats) -> Floats:
    """Vertex of the parabola through (−back, left), (0, 0) and (ahead, right)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        curvature = (left / back + right / ahead) / (back + ahead)
        slope = right / ahead - curvature * ahead
        return np.asarray(-slope / (2 * curvature))


def ridge_slope(maps: Floats, grid: Grid, cap: float = np.inf) -> Floats:
    """Theil–Sen slope of log10 best lr against log10 init scale, censored rows left out.

    Slope = median over pairs i < j of (x*_j − x*_i) / (z_j − z_i). For a model that sees its
    weights only through w / s, started at w0 = s·u0, the best learning rate scales as s^2 under
    SGD, s^1 under Adagrad, RMSProp and Adam, and s^0 under relative updates.

    Args:
        maps: ``[..., L, I]`` costs.

    Returns:
        ``[...]``; NaN with fewer than two uncensored rows.

    Source: Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63:1379
    (1968).
    """
    best = best_log_lr(maps, grid, cap)
    first, second = np.triu_indices(grid.init_scale.size, k=1)
    if first.size == 0:
        return np.full(maps.shape[:-2], np.nan)
    slopes = best.take(second, axis=-1)
    slopes -= best.take(first, axis=-1)
    slopes /= grid.z[second] - grid.z[first]
    return nan_median(slopes)


def nan_median(values: Floats) -> Floats:
    """Median of ``values[..., N]`` without NaN entries; NaN where none is left."""
    ordered = np.sort(values, axis=-1)  # NaN entries go last
    count = (~np.isnan(values)).sum(axis=-1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1)
    high = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1), axis=-1)
    return np.asarray(((low + high) / 2)[..., 0])
