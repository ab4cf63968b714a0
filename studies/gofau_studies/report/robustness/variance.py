"""What the loss's variance over the grid comes from (M9)."""

import numpy as np

from gofau.catalog import SHARE
from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.variance import (
    VarianceShares,
    resampled_variance_shares,
    variance_shares,
)
from gofau_studies.report.evaluators import Once
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Evaluate, Row
from gofau_studies.statistics.bootstrap import distinct, mean_maps


def variance_part(part: str) -> Evaluate:
    """One share of the variance split."""

    def evaluate(landscape: Landscape, counts: Floats, context: Context) -> Floats:
        return np.asarray(getattr(_variance(landscape, counts, context), part))

    return evaluate


@Once
def _variance(landscape: Landscape, counts: Floats, context: Context) -> VarianceShares:
    grid, cost = Grid.of(landscape), landscape.cost
    weights = grid.lr_weights, grid.init_weights
    if not np.isnan(cost).any():
        return resampled_variance_shares(cost, counts, *weights)
    rows, which = distinct(counts)
    pairs = zip(mean_maps(cost, rows), mean_maps(cost**2, rows), strict=True)
    shares = [variance_shares(means, squares, *weights) for means, squares in pairs]
    return VarianceShares(*(np.concatenate(part)[which] for part in zip(*shares, strict=True)))


METRIC = RobustnessMetric(
    place=90,
    rows=(
        *(
            Row(
                f"variance_{part}",
                f"Variance by {words}",
                f"share of the loss's variance over the grid that {words} explains (M9)",
                variance_part(part),
                "neither",
                SHARE,
            )
            for part, words in (
                ("lr", "lr"),
                ("init_scale", "init scale"),
                ("interaction", "lr × init"),
                ("seed", "seed"),
            )
        ),
    ),
)
