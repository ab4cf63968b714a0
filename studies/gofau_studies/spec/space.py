"""The box that a search draws from, between the unit cube and hyperparameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from gofau_studies.arrays import Bools, Floats
from gofau_studies.spec.axes import Axis, tidy

Point = dict[str, float]


@dataclass(frozen=True)
class Space:
    """Ranges by axis name, each linear or logarithmic."""

    axes: Mapping[str, Axis]

    @classmethod
    def of(cls, axes: Mapping[str, Axis]) -> Self:
        """The space of a spec's axes, which are all ranges."""
        return cls(dict(axes))

    @property
    def names(self) -> tuple[str, ...]:
        """The axes by name: the columns of the unit cube.

        The order of a mapping says nothing, so a spec draws the same points however it is written.
        """
        return tuple(sorted(self.axes))

    @cached_property
    def logs(self) -> Bools:
        """``[D]`` which axes are logarithmic."""
        return np.array([self.axes[name].log is not None for name in self.names])

    @cached_property
    def bounds(self) -> Floats:
        """``[D, 2]`` low and high ends."""
        return np.array([self.axes[name].bounds for name in self.names], dtype=np.float64)

    def points(self, cube: Floats) -> list[Point]:
        """Points of the unit cube as hyperparameters, to 12 digits and inside the ranges.

        x = low·(high/low)^u on a logarithmic axis, low + (high − low)·u on a linear one. A point
        names its axes in the order of the spec, as readers expect.

        Args:
            cube: ``[N, D]`` in [0, 1].
        """
        low, high = self.bounds.T
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(self.logs, low * (high / low) ** cube, low + (high - low) * cube)
        tidied = np.vectorize(tidy, otypes=[np.float64])(scaled)
        inside = np.clip(tidied, low, high)
        drawn = [dict(zip(self.names, map(float, row), strict=True)) for row in inside]
        return [{name: point[name] for name in self.axes} for point in drawn]

    def cube(self, points: list[Point]) -> Floats:
        """The inverse of `points`: ``[N, D]`` in [0, 1]."""
        values = np.array([[p[name] for name in self.names] for p in points], dtype=np.float64)
        low, high = self.bounds.T
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(values / low) / np.log(high / low)
        return np.asarray(np.where(self.logs, logs, (values - low) / (high - low)))

    def holds(self, point: Mapping[str, float]) -> bool:
        """Whether a point has exactly these axes and lies inside their ranges."""
        if set(point) != set(self.axes):
            return False
        pairs = ((axis.bounds, point[name]) for name, axis in self.axes.items())
        return all(low <= value <= high for (low, high), value in pairs)
