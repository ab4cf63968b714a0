"""How the best learning rate moves with the init scale (M11)."""

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.maps import Maps
from gofau_studies.metrics.ridge import ridge_slope
from gofau_studies.report.evaluators import on_maps
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Row


def slope(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Slope of the best learning rate over the init scale."""
    return ridge_slope(maps.values, Grid.of(landscape), landscape.cost_cap)


def _is_map(landscape: Landscape) -> bool:
    return len(landscape.lr) > 2 and len(landscape.init_scale) > 1


METRIC = RobustnessMetric(
    place=80,
    rows=(
        Row(
            "ridge_slope",
            "Ridge slope",
            "slope of the best learning rate over the init scale, log-log, Theil–Sen (M11)",
            on_maps(slope),
            "neither",
            "decades of lr per decade of init",
            applies=_is_map,
        ),
    ),
)
