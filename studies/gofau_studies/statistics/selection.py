"""Split-half selection: pick the best cell on half of the seeds, score it on the other half."""

from math import comb

import numpy as np

from gofau_studies.arrays import Bools, Floats, Indices
from gofau_studies.statistics.bootstrap import bootstrap, weighted_means

MOST_SPLITS = 70
"""All C(S, S/2) splits up to eight seeds; beyond, this many evenly spaced ones."""


def halves(n_seeds: int) -> Bools:
    """Splits of the seeds: ``[K, S]``, true for the ⌊S/2⌋ seeds that pick.

    Deterministic, so that a score needs no generator.

    Raises:
        ValueError: fewer than two seeds.
    """
    if n_seeds < 2:
        raise ValueError(f"halves: got {n_seeds} seed, expected two or more")
    total = comb(n_seeds, n_seeds // 2)
    used = min(MOST_SPLITS, total)
    indices = [k * (total - 1) // (used - 1) for k in range(used)]
    return np.array([_combination(index, n_seeds, n_seeds // 2) for index in indices])


def _combination(index: int, n: int, size: int) -> Bools:
    """Members of the ``index``-th of the C(n, size) subsets in lexicographic order: ``[n]``."""
    member = np.zeros(n, dtype=bool)
    left, wanted = index, size
    for place in range(n):
        with_it = comb(n - place - 1, wanted - 1) if wanted else 0
        if left < with_it:
            member[place] = True
            wanted -= 1
        else:
            left -= with_it
    return member


def held_out_best(values: Floats, counts: Floats, picks: Bools) -> Floats:
    """Cost, on the other seeds, of the cell that looks best on the picking seeds.

    The lowest of many noisy means is too low (the winner's curse); a score on seeds that did not
    pick is not.

    Args:
        values: ``[L, I, S]`` costs, NaN where missing.
        counts: ``[R, S]`` draws of each seed.
        picks: ``[R, S]`` true for seeds that pick.

    Returns:
        ``[R]``; NaN where a half holds no drawn seed or the picked cell has no other result.
    """
    flat = values.reshape(-1, values.shape[-1])
    drawn, others = counts * picks, counts * ~picks
    best = bootstrap(flat, drawn, _best_cells)
    scores = weighted_means(flat[best], others)
    return np.asarray(np.where(best < 0, np.nan, scores))


def _best_cells(means: Floats) -> Indices:
    """``[B]`` place of the lowest of ``means[B, N]``; -1 where all are missing."""
    known = np.where(np.isnan(means), np.inf, means) if np.isnan(means).any() else means
    best = known.argmin(axis=-1)
    lowest = np.take_along_axis(known, best[:, None], axis=-1)[:, 0]
    return np.asarray(np.where(lowest == np.inf, -1, best))


def split_half_best(values: Floats) -> float:
    """Mean of `held_out_best` over all `halves` with every seed once; NaN without a result."""
    picks = halves(values.shape[-1])
    scores = held_out_best(values, np.ones(picks.shape), picks)
    known = scores[~np.isnan(scores)]
    return float(known.mean()) if known.size else float("nan")
