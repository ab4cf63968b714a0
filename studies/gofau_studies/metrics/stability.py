"""M3, stable and success fraction: the share of the grid where training works at all."""

import numpy as np

from gofau_studies.arrays import Bools, Floats
from gofau_studies.landscape.landscape import Landscape, OutcomeCode
from gofau_studies.metrics.grid import Grid


def share_samples(hits: Bools, present: Bools, grid: Grid, counts: Floats) -> Floats:
    """Volume-weighted share of trials that are ``hits``, missing trials left out.

    p = Σ w·hit / Σ w, with each trial weighing its cell's trapezoid weight in log space times how
    often its seed is drawn.

    Args:
        hits: ``[L, I, S]``.
        present: ``[L, I, S]``.
        counts: ``[R, S]`` draws of each seed.

    Returns:
        ``[R]`` in [0, 1]; NaN where no trial is present.
    """
    weights = present * grid.weights[:, :, None]
    total = counts @ weights.sum(axis=(0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(counts @ (weights * hits).sum(axis=(0, 1)) / total)


def share(hits: Bools, present: Bools, grid: Grid) -> float:
    """`share_samples` with every seed once."""
    return float(share_samples(hits, present, grid, np.ones((1, hits.shape[2])))[0])


def reached(landscape: Landscape) -> Bools:
    """``[L, I, S]`` trials that met the goal's target."""
    met = landscape.outcome == OutcomeCode.REACHED_TARGET
    if landscape.goal.target is None:
        return np.asarray(met)
    with np.errstate(invalid="ignore"):
        at_target = landscape.cost <= landscape.goal.sign * landscape.goal.target
    return np.asarray(met | (at_target & ~landscape.diverged))
