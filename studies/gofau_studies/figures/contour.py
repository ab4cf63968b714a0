"""Level lines of a map on the same triangles that measure the basin."""

import numpy as np

from gofau_studies.arrays import Floats


def level_segments(cost: Floats, x: Floats, z: Floats, level: float) -> Floats:
    """Line segments of {ℓ = level} for the ℓ of `gofau_studies.metrics.basin.area_below`.

    Args:
        cost: ``[L, I]`` values at the nodes, NaN where missing.
        x: ``[L]`` positions.
        z: ``[I]`` positions.
        level: the threshold.

    Returns:
        ``[N, 2, 2]`` segments: start and end, each (x, z).
    """
    points = np.stack(np.meshgrid(x, z, indexing="ij"), axis=-1)
    corners = [_cut(points, *at) for at in _CORNERS]
    values = [_cut(cost, *at) for at in _CORNERS]
    centre, middle = np.mean(corners, axis=0), np.mean(values, axis=0)
    parts = [
        _triangles(
            np.stack([corners[k], corners[k - 3], centre], axis=-2),
            np.stack([values[k], values[k - 3], middle], axis=-1),
            level,
        )
        for k in range(4)
    ]
    return np.concatenate(parts)


_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))


def _cut(array: Floats, i: int, j: int) -> Floats:
    return array[i : array.shape[0] - 1 + i, j : array.shape[1] - 1 + j]


def _triangles(points: Floats, values: Floats, level: float) -> Floats:
    """Segments of ``[..., 3, 2]`` triangles with ``[..., 3]`` values."""
    flat_points, flat_values = points.reshape(-1, 3, 2), values.reshape(-1, 3)
    inside = flat_values <= level
    known = ~np.isnan(flat_values).any(axis=1)
    crossed = known & inside.any(axis=1) & ~inside.all(axis=1)
    segments = [
        _segment(p, v, s, level)
        for p, v, s in zip(flat_points[crossed], flat_values[crossed], inside[crossed], strict=True)
    ]
    return np.array(segments).reshape(-1, 2, 2)


def _segment(points: Floats, values: Floats, inside: Floats, level: float) -> list[Floats]:
    ends = []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        if inside[a] != inside[b]:
            part = (level - values[a]) / (values[b] - values[a])
            ends.append(points[a] + part * (points[b] - points[a]))
    return ends
