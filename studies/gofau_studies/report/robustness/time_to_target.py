"""How soon a rule meets the target (M4)."""

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.time_to_target import fastest
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Row


def steps_at_fastest(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    """Median steps to the target at the fastest cell."""
    if landscape.steps_to_target is None:
        return np.full(len(counts), np.nan)
    steps = np.where(landscape.present, landscape.steps_to_target, np.nan)
    return fastest(steps, counts)


def _has_steps(landscape: Landscape) -> bool:
    return landscape.steps_to_target is not None and landscape.goal.target is not None


METRIC = RobustnessMetric(
    place=70,
    rows=(
        Row(
            "time_to_target",
            "Steps to target",
            "steps by which half of the seeds met the target, at the fastest cell (M4)",
            steps_at_fastest,
            "lower",
            "steps",
            "slower to the target",
            "faster to the target",
            is_counted=True,
            applies=_has_steps,
        ),
    ),
)
