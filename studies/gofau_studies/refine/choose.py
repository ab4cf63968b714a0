"""Which cells to add: midpoints of edges whose ends lie on different sides of a border."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gofau_studies.arrays import Bools, Floats, Ints
from gofau_studies.refine.mesh import Mesh

SHORTEST = 2.0**-6
"""Edges shorter than this many grid steps are not halved again while longer ones are there."""


@dataclass(frozen=True)
class Sides:
    """What is known of points ``[P]``: their cost, and their share of diverged seeds."""

    cost: Floats
    diverged: Floats

    def borders(self, level: float) -> tuple[Bools, Bools]:
        """Inside the basin and beyond the edge of stability, in the order of their weight."""
        return np.asarray(self.cost <= level), np.asarray(self.diverged > 0.5)


def midpoints(
    points: Floats, sides: Sides, level: float, count: int, steps: tuple[float, float]
) -> Floats:
    """``count`` new points that narrow the basin's border, or else the edge of stability.

    Of the edges of the Delaunay triangulation that cross the border those come first whose
    triangles have the largest area, since that area is what is not known of the basin. When all
    crossing edges have been halved, the halves are, with costs interpolated until they are known;
    where nothing crosses, the largest triangles are halved.

    Args:
        points: ``[P, 2]`` decades, a grid and what has been added to it.
        sides: what is known of them.
        level: highest cost inside the basin.
        count: >= 1.
        steps: the grid's spacing along each axis, in decades.
    """
    first = len(points)
    while len(points) < first + count:
        mesh = Mesh.of(points, steps)
        wanted = _crossing(mesh, sides.borders(level), steps)
        # Halving an edge cuts its neighbours' triangles too, so half of them are taken at a time.
        ends = wanted[: min((len(wanted) + 1) // 2, first + count - len(points))]
        points = np.concatenate([points, points[ends].mean(axis=1)])
        sides = Sides(
            np.concatenate([sides.cost, sides.cost[ends].mean(axis=1)]),
            np.concatenate([sides.diverged, sides.diverged[ends].mean(axis=1)]),
        )
    return points[first:]


def _crossing(mesh: Mesh, borders: Sequence[Bools], steps: tuple[float, float]) -> Ints:
    """``[E, 2]`` edges across the first border that has any long enough, else all edges."""
    edges, owner = np.unique(mesh.edges.reshape(-1, 2), axis=0, return_inverse=True)
    long = _lengths(mesh, edges, steps) > SHORTEST
    for inside in borders:
        corners = inside[mesh.triangles].sum(axis=1)
        mixed = np.where((corners > 0) & (corners < 3), mesh.areas, 0.0)
        crossing = long & (inside[edges[:, 0]] != inside[edges[:, 1]])
        if crossing.any():
            return _largest_first(edges, crossing, owner, mixed)
    return _largest_first(edges, np.ones(len(edges), dtype=np.bool_), owner, mesh.areas)


def _largest_first(edges: Ints, chosen: Bools, owner: Ints, areas: Floats) -> Ints:
    weights = np.bincount(owner.ravel(), np.repeat(areas, 3), len(edges))
    order = np.argsort(-np.round(weights, 12), kind="stable")
    return edges[order[chosen[order]]]


def _lengths(mesh: Mesh, edges: Ints, steps: tuple[float, float]) -> Floats:
    difference = mesh.points[edges[:, 0]] - mesh.points[edges[:, 1]]
    return np.asarray(np.hypot(*(difference / np.array(steps)).T))
