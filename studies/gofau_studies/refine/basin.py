"""M2 on a refined grid: the basin's volume with its border resolved more finely."""

from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.refine.mesh import Mesh
from gofau_studies.statistics.bootstrap import blocks, resampled_means

LevelOf = Callable[[Floats, slice], Floats]
"""From best costs ``[B]`` and which resamples they are of to the highest cost inside a basin; NaN
for no basin at all."""


_MESHES: "WeakKeyDictionary[Landscape, Mesh]" = WeakKeyDictionary()
"""Triangulations of landscapes that are in use: a report asks for each many times."""


def mesh_of(landscape: Landscape) -> Mesh:
    """The triangulation of a landscape's grid, in row order, followed by its added cells."""
    found = _MESHES.get(landscape)
    if found is None:
        found = _MESHES[landscape] = _mesh_of(landscape)
    return found


def _mesh_of(landscape: Landscape) -> Mesh:
    x, z = np.log10(landscape.lr), np.log10(landscape.init_scale)
    grid = np.stack(np.meshgrid(x, z, indexing="ij"), axis=-1).reshape(-1, 2)
    steps = (float(np.ptp(x)) / (x.size - 1), float(np.ptp(z)) / (z.size - 1))
    if landscape.added is None:
        return Mesh.of(grid, steps)
    added = np.log10(np.stack([landscape.added.lr, landscape.added.init_scale], axis=-1))
    return Mesh.of(np.concatenate([grid, added]), steps)


def costs_of(landscape: Landscape) -> Floats:
    """``[P, S]`` costs in the order of `mesh_of`'s points."""
    grid = landscape.cost.reshape(-1, len(landscape.seeds))
    return np.concatenate([grid, landscape.added_cost])


def refined_volumes(landscape: Landscape, counts: Floats, level_of: LevelOf) -> Floats:
    """Basin volume over seed resamples, in square decades.

    The cost is linear on the triangles of a Delaunay triangulation of all cells, so every cell
    counts with the area around it, however unevenly they lie.

    Args:
        landscape: with added cells, or without.
        counts: ``[R, S]`` draws of each seed.
        level_of: the highest cost inside.

    Returns:
        ``[R]``; NaN where there is no basin.
    """
    return _resampled(landscape, counts, level_of, Mesh.area_below)


def resolution(landscape: Landscape, counts: Floats, level_of: LevelOf) -> tuple[Floats, Floats]:
    """Least and largest area that the basin can have between the cells that were trained.

    The area of triangles whose corners all lie inside, and of those with any corner inside: the
    gap that more seeds leave as it is and that finer grids and refinement narrow.

    Args:
        landscape: with added cells, or without; both of its axes swept.
        counts: ``[R, S]`` draws of each seed.
        level_of: the highest cost inside.

    Returns:
        ``[R]`` each, in square decades; NaN where there is no basin.
    """

    def ends(mesh: Mesh, means: Floats, level: Floats) -> Floats:
        return np.stack(mesh.bracket(means <= level[:, None]))

    low, high = _resampled(landscape, counts, level_of, ends)
    return low, high


def _resampled(
    landscape: Landscape,
    counts: Floats,
    level_of: LevelOf,
    areas: Callable[[Mesh, Floats, Floats], Floats],
) -> Floats:
    """``areas`` of every resample, ``[..., R]``: of ``[B, N]`` mean costs and ``[B]`` levels."""
    mesh, costs = mesh_of(landscape), costs_of(landscape)
    parts, start = [], 0
    for block in blocks(counts, len(mesh.triangles)):
        means = resampled_means(costs, block)
        part = slice(start, start + len(block))
        level = level_of(lowest(means), part)
        parts.append(np.where(np.isnan(level), np.nan, areas(mesh, means, level)))
        start = part.stop
    return np.asarray(np.concatenate(parts, axis=-1))


def lowest(means: Floats) -> Floats:
    """``[B]`` the best of ``means[B, P]``; NaN where all are missing."""
    return np.asarray(np.fmin.reduce(means, axis=1))
