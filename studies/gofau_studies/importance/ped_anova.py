"""PED-ANOVA: how far the best points' density along each axis is from that of all points."""

from math import ceil

import numpy as np
from scipy.special import ndtr

from gofau_studies.arrays import Bools, Floats, Indices

STEPS = 50
"""Places along an axis that densities are estimated at."""

BEST = 0.1
"""Share of the points that count as the best; those that tie with the last of them do, too."""


def ped_anova(points: Floats, costs: Floats) -> list[float]:
    """Share of each axis in the divergence of the best points from all points.

    V_d = Σ p(x)·(q(x) / p(x) − 1)², q the density of the best points along axis d and p that of
    all points.

    Args:
        points: ``[N, D]`` positions, each axis with two values or more.
        costs: ``[N]``.

    Returns:
        One share an axis, summing to 1; equal ones where no axis tells the best points apart.

    Source: Watanabe, Bansal & Hutter, "PED-ANOVA: efficiently quantifying hyperparameter
    importance in arbitrary subspaces", IJCAI 2023. The shares are those of Optuna's evaluator of
    that name.
    """
    last = ceil(BEST * len(costs)) - 1
    is_best = costs <= np.partition(costs, last)[last]
    found = [_divergence(_steps(axis), is_best) for axis in points.T]
    total = sum(found)
    return [v / total if total > 0 else 1.0 / len(found) for v in found]


def _steps(values: Floats) -> Indices:
    """``[N]`` the place nearest to each value; halfway between two, the lower one."""
    step = (values.max() - values.min()) / (STEPS - 1)
    nearest = np.ceil((values - values.min()) / step - 0.5).astype(np.intp)
    return np.asarray(np.clip(nearest, 0, STEPS - 1))


def _divergence(steps: Indices, is_best: Bools) -> float:
    every, best = density(steps), density(steps[is_best])
    return float(every @ (best / every - 1) ** 2)


def density(steps: Indices) -> Floats:
    """``[STEPS]`` density of points over places, by Gaussian kernels of one width.

    Scott's rule gives the width; one kernel as wide as the axis stands for one more point.

    Source: Scott, "Multivariate density estimation" (1992).
    """
    counts = np.bincount(steps, minlength=STEPS)
    at = np.flatnonzero(counts)
    weights = np.append(counts[at], 1)
    centres = np.append(at, (STEPS - 1) / 2)
    widths = np.append(np.full(at.size, _width(at, counts[at])), STEPS)
    edges = (np.arange(STEPS + 1)[:, None] - 0.5 - centres) / widths
    mass = np.diff(ndtr(edges), axis=0)
    # What a kernel has beyond the axis is spread over it.
    inside = ndtr(edges[-1]) - ndtr(edges[0])
    return np.asarray((mass / inside) @ weights / weights.sum() + 1e-12)


def _width(at: Indices, weights: Indices) -> float:
    """Scott's rule on the smaller of standard deviation and quartile range, in places."""
    total, ranks = int(weights.sum()), np.cumsum(weights)
    mean = at @ weights / total
    deviation = np.sqrt((at - mean) ** 2 @ weights / max(1, total - 1))
    first = np.searchsorted(ranks, total // 4, side="left")
    third = np.searchsorted(ranks, total * 3 // 4, side="right")
    spread = (at[min(at.size - 1, int(third))] - at[first]) / 1.34
    # At least such that nine tenths of a kernel lie within its place.
    return max(float(1.059 * min(spread, deviation) * total**-0.2), 0.5 / 1.64)
