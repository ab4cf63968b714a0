"""M2, basin width and volume: how many decades of settings are almost as good as the best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.metrics.grid import Grid

TINY = 1e-300
"""Added to a divisor that may be 0 where the dividend is; it changes no other."""


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
    return Rectangles.of(maps).area_below(x, z, level)


@dataclass(frozen=True, eq=False)
class Rectangles:
    """Maps with the lowest and highest corner of each rectangle, which every level needs.

    A rectangle is named by its first node; those of the last column hold no area.

    Args:
        flat: ``[..., L * I]`` values at the nodes.
        wide: I.
        low: ``[..., R]`` lowest corner, NaN where one is missing.
        high: ``[..., R]`` highest corner.
    """

    flat: Floats
    wide: int
    low: Floats
    high: Floats

    @classmethod
    def of(cls, maps: Floats) -> Self:
        """The rectangles of ``maps[..., L, I]``."""
        wide = maps.shape[-1]
        flat = np.ascontiguousarray(maps.reshape(*maps.shape[:-2], -1))
        across = flat[..., :-wide], flat[..., wide:]
        low, high = np.minimum(*across), np.maximum(*across)
        return cls(
            flat,
            wide,
            np.minimum(low[..., :-1], low[..., 1:]),
            np.maximum(high[..., :-1], high[..., 1:]),
        )

    def area_below(self, x: Floats, z: Floats, level: Floats | float) -> Floats:
        """`area_below` of these maps."""
        count = self.low.shape[-1]
        tops = np.broadcast_to(np.asarray(level), self.low.shape[:-1])
        inside = self.high <= tops[..., None]
        share = inside.astype(np.float64)
        # Only where the level passes between the corners is there anything to work out.
        at = np.flatnonzero((self.low <= tops[..., None]) & ~inside)
        map_of = at // count
        node = at + map_of * (self.wide + 1)
        corners = [self.flat.ravel().take(node + k) for k in (0, self.wide, self.wide + 1, 1)]
        share.ravel()[at] = rectangle_share(corners, tops.ravel().take(map_of))
        areas = np.outer(np.diff(x), np.append(np.diff(z), 0.0)).ravel()[:-1]
        return np.asarray(share @ areas)


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
    b = np.maximum(low, np.minimum(high, r, out=high), out=low)
    beyond = top >= b
    end = np.where(beyond, c, a)
    # The part is squared, and the whole negative beyond b: there the share is one less the ratio.
    part = np.clip(top, a, c) - end
    whole = np.subtract(b, end, out=b)
    whole *= c - a
    # A part without a whole is none: the level is at a flat edge, or beyond it.
    whole += TINY
    part *= part
    part /= whole
    return np.asarray(np.add(part, beyond, out=part))
