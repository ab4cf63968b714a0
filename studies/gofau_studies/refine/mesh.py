"""A triangulation of scattered cells, on which costs are interpolated linearly."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from gofau_studies.arrays import Bools, Floats, Ints
from gofau_studies.landscape.landscape import LandscapeError
from gofau_studies.metrics.basin import triangle_share

ROUNDED = 9
"""Decimals of a grid step that are kept, so that points on a line lie on it exactly."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Points ``[P, 2]`` in decades of learning rate and init scale, and triangles ``[T, 3]``."""

    points: Floats
    triangles: Ints

    @classmethod
    def of(cls, points: Floats, steps: tuple[float, float]) -> Self:
        """The Delaunay triangulation of ``points``, with ``steps`` as the unit of each axis.

        Raises:
            LandscapeError: a point lies on another, or all lie on a line.

        Source: Delaunay, "Sur la sphère vide" (1934); Barber et al., "The quickhull algorithm",
        ACM TOMS 22:469 (1996).
        """
        from scipy.spatial import Delaunay, QhullError

        scaled = np.round((points - points.min(axis=0)) / np.array(steps), ROUNDED)
        try:
            found = Delaunay(scaled)
        except QhullError as error:
            raise LandscapeError("cells", f"{len(points)} on a line", "a plane of them") from error
        if len(np.unique(found.simplices)) != len(points):
            raise LandscapeError("cells", "two at one place", "each place once")
        return cls(points, np.sort(found.simplices.astype(np.int64), axis=1))

    @cached_property
    def areas(self) -> Floats:
        """``[T]`` square decades."""
        a, b, c = (self.points[self.triangles[:, i]] for i in range(3))
        (ux, uz), (vx, vz) = (b - a).T, (c - a).T
        return np.asarray(np.abs(ux * vz - uz * vx) / 2)

    @cached_property
    def _corners(self) -> Ints:
        """``[3, T]`` the triangles, corner by corner."""
        return np.ascontiguousarray(self.triangles.T)

    @cached_property
    def edges(self) -> Ints:
        """``[T, 3, 2]`` the edges of each triangle, as pairs of points in ascending order."""
        return self.triangles[:, [[0, 1], [0, 2], [1, 2]]]

    def area_below(self, values: Floats, level: Floats | float) -> Floats:
        """Area of {ℓ ≤ level} for the ℓ that is linear on every triangle.

        Args:
            values: ``[..., P]``; triangles with a NaN corner count nothing.
            level: a number or ``[...]``.

        Returns:
            ``[...]`` in square decades.
        """
        p, q, r = (values.take(corner, axis=-1) for corner in self._corners)
        share = triangle_share(p, q, r, np.asarray(level)[..., None])
        return np.asarray(np.nan_to_num(share, nan=0.0) @ self.areas)

    def bracket(self, inside: Bools) -> tuple[Floats, Floats]:
        """Area of the triangles wholly inside, and of those with a corner inside.

        A border that crosses no edge twice lies between the two: their difference is what the
        cells cannot tell about a region's area.

        Args:
            inside: ``[..., P]``.

        Returns:
            ``[...]`` each.
        """
        p, q, r = (inside.take(corner, axis=-1) for corner in self._corners)
        return (p & q & r) @ self.areas, (p | q | r) @ self.areas
