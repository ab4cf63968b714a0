"""M7, performance profiles: how often a rule is within a factor of the fastest."""

import numpy as np

from gofau_studies.arrays import Floats


def ratios(times: Floats) -> Floats:
    """Time over the fastest rule's time on the same problem.

    Args:
        times: ``[M, P]`` time of each of M rules on each of P problems; ``inf`` when the target
            was not reached.

    Returns:
        ``[M, P]`` >= 1; ``inf`` where not reached, also when nobody reached it.
    """
    fastest = times.min(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = times / fastest
    return np.asarray(np.where(np.isinf(times), np.inf, np.where(fastest == 0, 1.0, found)))


def profile(ratio: Floats, factors: Floats) -> Floats:
    """Performance profile ρ(τ) = share of problems whose ratio is at most τ.

    Args:
        ratio: ``[..., P]`` from `ratios`.
        factors: ``[T]`` values of τ >= 1.

    Returns:
        ``[..., T]`` in [0, 1].

    Source: Dolan & Moré, "Benchmarking optimization software with performance profiles", Math.
    Program. 91:201 (2002).
    """
    return np.asarray((ratio[..., None, :] <= factors[:, None]).mean(axis=-1))


def profile_score(ratio: Floats, most: float = 4.0) -> Floats:
    """Mean of the profile over factors from 1 to ``most``: exact area over the width.

    Each problem adds max(0, most − r) / (most − 1) / P.

    Args:
        ratio: ``[..., P]`` >= 1.

    Returns:
        ``[...]`` in [0, 1].

    Source: Dahl et al., "Benchmarking neural network training algorithms", arXiv 2306.07179
    (2023), with factors up to 4.
    """
    return np.asarray((np.maximum(0.0, most - ratio) / (most - 1.0)).mean(axis=-1))
