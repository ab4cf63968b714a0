"""Mean maps of a block of resamples, and what several metrics read off the same maps."""

from dataclasses import dataclass
from functools import cached_property

from gofau_studies.arrays import Floats
from gofau_studies.metrics.basin import Rectangles, basin_volume
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.optimum import best_cost


@dataclass(frozen=True, eq=False)
class Maps:
    """``values[B, L, I]`` mean costs, or ``[B, L]`` of one init scale; NaN where missing."""

    values: Floats

    @cached_property
    def best(self) -> Floats:
        """``[B]`` lowest cost of each map."""
        return best_cost(self.values.reshape(len(self.values), 1, -1))

    @cached_property
    def _rectangles(self) -> Rectangles:
        return Rectangles.of(self.values)

    def volume_below(self, grid: Grid, level: Floats | float) -> Floats:
        """`basin_volume` of each map, ``[B]``; the second level asked for costs less."""
        if grid.lr.size == 1 or grid.init_scale.size == 1:
            return basin_volume(self.values, grid, level)
        return self._rectangles.area_below(grid.x, grid.z, level)
