"""How large the settings are that do nearly as well as the best (M2)."""

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.basin import width_below
from gofau_studies.metrics.facts import DECADES
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.maps import Maps
from gofau_studies.refine.basin import refined_volumes, resolution
from gofau_studies.report import borders
from gofau_studies.report.evaluators import Once, below_cap, cost_of, on_curves
from gofau_studies.report.mean_maps import OfMaps, OnMaps
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Evaluate, Row


def own_basin(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Basin within the tolerance of the map's own best; NaN when that reaches the cap."""
    level = maps.best + context.tolerance
    volume = maps.volume_below(Grid.of(landscape), level)
    return np.where(level < landscape.cost_cap, volume, np.nan)


def shared_basin(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Basin within the tolerance of the best of all rules; NaN when that reaches the cap."""
    level = below_cap(context.shared_best + context.tolerance, maps.best, landscape)
    volume = maps.volume_below(Grid.of(landscape), level)
    return np.where(np.isnan(level), np.nan, volume)


def standard_width(curves: Maps, landscape: Landscape, context: Context) -> Floats:
    """Basin width along the learning rate, of curves at the standard init."""
    grid = Grid.of(landscape)
    level = curves.best + context.tolerance
    width = width_below(curves.values, grid.x, level)
    return np.where(level < landscape.cost_cap, width, np.nan)


def refined(statistic: OfMaps, own: bool) -> OnMaps:
    """A basin's volume, on the cells that a refinement added where there are any."""

    def with_added(landscape: Landscape, counts: Floats, context: Context) -> Floats:
        rows, seen, which = context.distinct(counts)

        def level(best: Floats, part: slice) -> Floats:
            here = seen.at(part)
            return below_cap((best if own else here.shared_best) + here.tolerance, best, landscape)

        return refined_volumes(landscape, rows, level)[which]

    return OnMaps(cost_of, statistic, with_added)


BRACKETED = 1000
"""Resamples behind the interval of a bracket's end, which far fewer settle than a volume's."""


def bracket(end: int) -> Evaluate:
    """The least (0) or the largest (1) area that the cells allow the own basin to have."""

    def evaluate(landscape: Landscape, counts: Floats, context: Context) -> Floats:
        return _resolution(landscape, counts, context)[end]

    return evaluate


@Once
def _resolution(landscape: Landscape, counts: Floats, context: Context) -> tuple[Floats, Floats]:
    some = slice(BRACKETED)
    rows, seen, which = context.at(some).distinct(counts[some])

    def level(best: Floats, part: slice) -> Floats:
        return below_cap(best + seen.at(part).tolerance, best, landscape)

    low, high = resolution(landscape, rows, level)
    return low[which], high[which]


def _is_plane(landscape: Landscape) -> bool:
    return len(landscape.lr) > 1 and len(landscape.init_scale) > 1


METRIC = RobustnessMetric(
    place=30,
    rows=(
        Row(
            "basin_volume",
            "Basin",
            "measure of the settings within the tolerance of this rule's own best (M2)",
            refined(own_basin, own=True),
            "higher",
            DECADES,
            "basin larger",
            "basin smaller",
            censor=borders.own_basin,
        ),
        *(
            Row(
                f"basin_{name}",
                f"Basin, at {name}",
                f"the {name} that the basin can measure between the cells: {words} (M2)",
                bracket(end),
                "higher",
                DECADES,
                censor=borders.own_basin,
                applies=_is_plane,
            )
            for end, (name, words) in enumerate(
                (("least", "triangles wholly inside"), ("most", "triangles with a corner inside"))
            )
        ),
        Row(
            "shared_basin_volume",
            "Basin, common level",
            "measure of the settings within the tolerance of the best that any rule reaches (M2)",
            refined(shared_basin, own=False),
            "higher",
            DECADES,
            "basin at the common level larger",
            "basin at the common level smaller",
            censor=borders.shared_basin,
        ),
        Row(
            "basin_width",
            "Basin width",
            "decades of learning rate within the tolerance of the best, at the standard init (M2)",
            on_curves(standard_width),
            "higher",
            "decades of lr",
            "basin wider at the standard init",
            "basin narrower at the standard init",
            censor=borders.standard_width,
        ),
    ),
)
