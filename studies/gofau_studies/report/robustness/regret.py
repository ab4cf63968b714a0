"""What a learning rate that is off by a factor costs (M10)."""

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.maps import Maps
from gofau_studies.metrics.regret import misspecification_regret
from gofau_studies.protocol.trial_facts import GOAL
from gofau_studies.report import borders
from gofau_studies.report.evaluators import on_curves
from gofau_studies.report.mean_maps import OnMaps
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Row


def regret(factor: float) -> OnMaps:
    """Misspecification regret by ``factor`` at the standard init."""

    def statistic(curves: Maps, landscape: Landscape, context: Context) -> Floats:
        return misspecification_regret(curves.values, Grid.of(landscape).x, factor)

    return on_curves(statistic)


METRIC = RobustnessMetric(
    place=50,
    rows=(
        *(
            Row(
                f"regret_{factor}",
                f"Regret, lr off by ×{factor}",
                f"worst excess loss within a factor {factor} of the best, "
                "at the standard init (M10)",
                regret(factor),
                "lower",
                GOAL,
                f"loses more when the lr is off by ×{factor}",
                f"loses less when the lr is off by ×{factor}",
                censor=borders.regret(factor),
            )
            for factor in (3, 10)
        ),
    ),
)
