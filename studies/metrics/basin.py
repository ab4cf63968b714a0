"""M2, basin width and volume: how many decades of settings are almost as good as the best."""

from collections.abc import Sequence

import numpy as np

from studies.landscape import Floats
from studies.metrics.grid import Grid


def width_below(curves: Floats, x: Floats, level: Floats | float) -> Floats:
    """Length of {x : ℓ(x) ≤ level} for the piecewise-linear ℓ through ``curves``.

    On a segment from a to b with a < b the share below the level t is (t − a) / (b − a), clipped
    to [0, 1]. Segments with a missing end count nothing.

    Args:
        curves: ``[..., N]`` values at ``x``; NaN where missing.
        x: ``[N]`` ascending positions, in decades.
        level: threshold, a number or ``[...]``.

    Returns:
        ``[...]`` in decades.
    """
    top = np.asarray(level)[..., None]
    low = np.minimum(curves[..., :-1], curves[..., 1:])
    high = np.maximum(curves[..., :-1], curves[..., 1:])
    share = _ramp(top - low, high - low)
    return np.asarray(np.nan_to_num(share, nan=0.0) @ np.diff(x))


def area_below(maps: Floats, x: Floats, z: Floats, level: Floats | float) -> Floats:
    """Area of {(x, z) : ℓ ≤ level} for the ℓ that is linear on four triangles of each rectangle.

    The triangles meet in the rectangle's centre, whose value is the mean of its corners. On a
    triangle with values a ≤ b ≤ c the share below t is (t−a)² / ((b−a)(c−a)) up to b and
    1 − (c−t)² / ((c−a)(c−b)) from there. Rectangles with a missing corner count nothing.

    Args:
        maps: ``[..., L, I]`` values at the grid's nodes.
        x: ``[L]`` ascending, in decades.
        z: ``[I]`` ascending, in decades.
        level: threshold, a number or ``[...]``.

    Returns:
        ``[...]`` in square decades.
    """
    top = np.asarray(level)[..., None, None]
    corners = (maps[..., :-1, :-1], maps[..., 1:, :-1], maps[..., 1:, 1:], maps[..., :-1, 1:])
    high = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))
    low = np.minimum(np.minimum(corners[0], corners[1]), np.minimum(corners[2], corners[3]))
    # Only where the level passes between the corners is there anything to work out.
    share = (high <= top).astype(np.float64)
    crossed = (low <= top) & (high > top)
    nodes = [np.broadcast_to(corner, share.shape)[crossed] for corner in corners]
    share[crossed] = rectangle_share(nodes, np.broadcast_to(top, share.shape)[crossed])
    return np.asarray((share * np.outer(np.diff(x), np.diff(z))).sum(axis=(-2, -1)))


def rectangle_share(corners: Sequence[Floats], top: Floats) -> Floats:
    """Share of rectangles, given their corners in turn, where the function is ≤ ``top``."""
    centre = (corners[0] + corners[1] + corners[2] + corners[3]) / 4
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    shares = [triangle_share(p, q, centre, top) for p, q in pairs]
    return np.asarray((shares[0] + shares[1] + shares[2] + shares[3]) / 4)


def basin_volume(maps: Floats, grid: Grid, level: Floats | float) -> Floats:
    """Measure of {ℓ ≤ level} over the grid: square decades, or decades when one axis is swept.

    With level = ℓ* + tol and ℓ = (x − c)² in one dimension this is 2·√tol, up to the grid's
    resolution.

    Args:
        maps: ``[..., L, I]`` costs.
        level: threshold, a number or ``[...]``.

    Returns:
        ``[...]``; 0 when no axis is swept.
    """
    if grid.init_scale.size == 1:
        return width_below(maps[..., 0], grid.x, level)
    if grid.lr.size == 1:
        return width_below(maps[..., 0, :], grid.z, level)
    return area_below(maps, grid.x, grid.z, level)


def _ramp(part: Floats, whole: Floats) -> Floats:
    """``part / whole`` clipped to [0, 1]; a step at 0 where ``whole`` is 0."""
    flat = whole == 0
    share = np.clip(part / np.where(flat, 1.0, whole), 0.0, 1.0)
    return np.asarray(np.where(flat & ~np.isnan(part), part >= 0, share), dtype=np.float64)


def triangle_share(p: Floats, q: Floats, r: Floats, top: Floats) -> Floats:
    """Share of a triangle where the linear function with these corner values is ≤ ``top``."""
    low, high = np.minimum(p, q), np.maximum(p, q)
    a, c = np.minimum(low, r), np.maximum(high, r)
    b = np.maximum(low, np.minimum(high, r))
    rising = top < b
    part = np.maximum(np.where(rising, top - a, c - top), 0.0)
    whole = np.where(rising, b - a, c - b) * (c - a)
    # A part without a whole is none: the level is at a flat edge, or beyond it.
    share = np.divide(part * part, whole, out=np.zeros_like(whole), where=whole != 0)
    return np.asarray(np.where(rising, share, 1.0 - share))
