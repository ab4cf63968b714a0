"""What a few random settings reach (M5)."""

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.maps import Maps
from gofau_studies.metrics.tuning import expected_best
from gofau_studies.protocol.trial_facts import GOAL
from gofau_studies.report.evaluators import on_maps
from gofau_studies.report.mean_maps import OnMaps
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Row


def best_of(draws: int) -> OnMaps:
    """Expected best of ``draws`` random settings of the declared ranges, in the goal metric."""

    def statistic(maps: Maps, landscape: Landscape, context: Context) -> Floats:
        flat = maps.values.reshape(len(maps.values), -1)
        weights = Grid.of(landscape).weights.ravel()
        expected = expected_best(flat, weights, np.array([float(draws)]))
        return landscape.goal.sign * expected[..., 0]

    return on_maps(statistic)


METRIC = RobustnessMetric(
    place=60,
    rows=(
        Row(
            "best_of_10",
            "Best of 10 random",
            "expected best of 10 random settings from the declared ranges (M5)",
            best_of(10),
            "goal",
            GOAL,
            "best of 10 random settings higher",
            "best of 10 random settings lower",
        ),
    ),
)
