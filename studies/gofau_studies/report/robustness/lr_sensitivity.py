"""What a learning rate that was not tuned gives up (M1)."""

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.maps import Maps
from gofau_studies.metrics.sensitivity import mean_lr_sensitivity, windowed_lr_sensitivity
from gofau_studies.protocol.trial_facts import GOAL
from gofau_studies.report import borders
from gofau_studies.report.evaluators import on_maps
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Row


def sensitivity(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Learning-rate sensitivity on the declared range."""
    return mean_lr_sensitivity(maps.values, Grid.of(landscape), landscape.cost_cap)


def window_sensitivity(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Learning-rate sensitivity within a decade of the optimum."""
    return windowed_lr_sensitivity(maps.values, Grid.of(landscape), landscape.cost_cap)


METRIC = RobustnessMetric(
    place=40,
    rows=(
        Row(
            "lr_sensitivity",
            "lr sensitivity",
            "expected loss given up by a learning rate drawn from the declared range (M1)",
            on_maps(sensitivity),
            "lower",
            GOAL,
            "more sensitive to the learning rate",
            "less sensitive to the learning rate",
            censor=borders.optimum,
        ),
        Row(
            "lr_sensitivity_window",
            "lr sensitivity, ±1 decade",
            "the same within one decade of this rule's own optimum (M1)",
            on_maps(window_sensitivity),
            "lower",
            GOAL,
            "more sensitive within a decade of its optimum",
            "less sensitive within a decade of its optimum",
            censor=borders.optimum,
        ),
    ),
)
