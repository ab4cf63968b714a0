"""How often a rule diverges, and how often it meets the target (M3)."""

from collections.abc import Callable

from gofau.catalog import SHARE
from gofau_studies.arrays import Bools, Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.stability import reached, share_samples
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Evaluate, Row


def _share(hits_of: Callable[[Landscape], Bools]) -> Evaluate:
    def evaluate(landscape: Landscape, counts: Floats, context: Context) -> Floats:
        return share_samples(hits_of(landscape), landscape.present, Grid.of(landscape), counts)

    return evaluate


def _has_target(landscape: Landscape) -> bool:
    return landscape.goal.target is not None


METRIC = RobustnessMetric(
    place=10,
    rows=(
        Row(
            "divergence_rate",
            "Diverged",
            "volume-weighted share of trials that diverged or ended non-finite (M3)",
            _share(lambda landscape: landscape.diverged),
            "lower",
            SHARE,
            "diverged more often",
            "diverged less often",
            is_rate=True,
        ),
        Row(
            "success_rate",
            "At target",
            "volume-weighted share of trials that met the target (M3)",
            _share(reached),
            "higher",
            SHARE,
            "met the target more often",
            "met the target less often",
            is_rate=True,
            applies=_has_target,
        ),
    ),
)
