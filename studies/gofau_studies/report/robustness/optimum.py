"""The best cell of a map, on all seeds and on seeds that did not pick it."""

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.maps import Maps
from gofau_studies.protocol.trial_facts import GOAL
from gofau_studies.report import borders
from gofau_studies.report.evaluators import on_maps
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Row
from gofau_studies.statistics.selection import halves, held_out_best, split_half_best


def best(maps: Maps, landscape: Landscape, context: Context) -> Floats:
    """Goal metric of the best cell."""
    return landscape.goal.sign * maps.best


def held_out(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    """Goal metric of the cell picked on half of the seeds, on the other half.

    The point estimate (one row of draws) averages all splits; resamples take them in turn.
    """
    if len(counts) == 1:
        return landscape.goal.sign * np.array([split_half_best(landscape.cost)])
    splits = halves(counts.shape[1])
    picks = splits[np.arange(len(counts)) % len(splits)]
    return landscape.goal.sign * held_out_best(landscape.cost, counts, picks)


METRIC = RobustnessMetric(
    place=20,
    rows=(
        Row(
            "best",
            "Best",
            "goal metric of the best cell, mean over seeds",
            on_maps(best),
            "goal",
            GOAL,
            "best value higher",
            "best value lower",
            censor=borders.optimum,
        ),
        Row(
            "best_held_out",
            "Best, held-out seeds",
            "goal metric of the cell picked on half of the seeds, on the other half",
            held_out,
            "goal",
            GOAL,
            "best value on held-out seeds higher",
            "best value on held-out seeds lower",
            censor=borders.optimum,
            applies=lambda landscape: len(landscape.seeds) > 1,
        ),
    ),
)
