"""How many parameters a rule cannot move."""

import numpy as np

from gofau.catalog import SHARE
from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid, weighted_mean
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Context, Row
from gofau_studies.statistics.bootstrap import bootstrap, resampled_means


def frozen(landscape: Landscape, counts: Floats, context: Context) -> Floats:
    """Mean share of parameters that the rule cannot move."""
    if landscape.frozen_fraction is None:
        return np.full(len(counts), np.nan)
    values = np.where(landscape.present, landscape.frozen_fraction, np.nan)
    flat = values.reshape(-1, values.shape[-1])
    weights = Grid.of(landscape).weights.ravel()
    if not np.isnan(flat).any():
        # The mean over a whole grid of a mean over seeds is the mean over seeds of the grid's.
        return resampled_means(weighted_mean(flat.T, weights), counts)
    return bootstrap(flat, counts, lambda means: weighted_mean(means, weights))


METRIC = RobustnessMetric(
    place=100,
    rows=(
        Row(
            "frozen_fraction",
            "Frozen parameters",
            "mean share of parameters that the rule cannot move",
            frozen,
            "lower",
            SHARE,
            applies=lambda landscape: landscape.frozen_fraction is not None,
        ),
    ),
)
