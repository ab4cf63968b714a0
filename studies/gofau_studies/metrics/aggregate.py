"""M8, aggregates over seeds and problems: IQM, probability of improvement, optimality gap."""

from collections.abc import Sequence

import numpy as np

from gofau_studies.arrays import Floats


def interquartile_mean(scores: Floats) -> Floats:
    """Mean of the middle half of all scores, runs and problems pooled.

    The lowest and the highest ⌊n/4⌋ of the n scores are cut.

    Args:
        scores: ``[..., S, P]`` of S runs on P problems.

    Returns:
        ``[...]``.

    Source: Agarwal et al., "Deep reinforcement learning at the edge of the statistical
    precipice", NeurIPS 2021.
    """
    pooled = np.sort(scores.reshape(*scores.shape[:-2], -1), axis=-1)
    cut = pooled.shape[-1] // 4
    return np.asarray(pooled[..., cut : pooled.shape[-1] - cut].mean(axis=-1))


def probability_of_improvement(ours: Floats, theirs: Floats) -> Floats:
    """Chance that a run of ours beats a run of theirs on a problem, averaged over problems.

    P = mean over problems of P(X > Y) + P(X = Y) / 2, over all pairs of runs.

    Args:
        ours: ``[..., S, P]``.
        theirs: ``[..., S', P]``.

    Returns:
        ``[...]`` in [0, 1]; the value with sides exchanged is one minus this.

    Source: Agarwal et al., NeurIPS 2021; Mann & Whitney, Ann. Math. Statist. 18:50 (1947).
    """
    x, y = ours[..., :, None, :], theirs[..., None, :, :]
    return np.asarray(((x > y) + 0.5 * (x == y)).mean(axis=(-3, -2, -1)))


def resampled_improvement(
    ours: Sequence[Floats],
    theirs: Sequence[Floats],
    our_counts: Sequence[Floats],
    their_counts: Sequence[Floats],
) -> Floats:
    """`probability_of_improvement` of resampled runs, from how often each run is drawn.

    Each problem's pairs are compared once, W = (X > Y) + (X = Y) / 2; a resample with draws c of X
    and d of Y then has the mean cᵀWd / (S·S').

    Args:
        ours: a problem each: ``[S]`` scores of runs.
        theirs: a problem each: ``[S']``.
        our_counts: a problem each: ``[R, S]`` draws of each run, summing to S.
        their_counts: a problem each: ``[R, S']``, summing to S'.

    Returns:
        ``[R]`` in [0, 1].
    """
    wins = [
        np.einsum("rs,rs->r", c @ ((x[:, None] > y) + 0.5 * (x[:, None] == y)), d)
        for x, y, c, d in zip(ours, theirs, our_counts, their_counts, strict=True)
    ]
    return np.asarray(sum(wins) / (len(ours[0]) * len(theirs[0]) * len(ours)))


def optimality_gap(scores: Floats, desired: float = 1.0) -> Floats:
    """Mean shortfall from a desired score: γ − mean(min(score, γ)).

    Args:
        scores: ``[..., S, P]``.
        desired: γ.

    Returns:
        ``[...]``, >= 0.

    Source: Agarwal et al., NeurIPS 2021.
    """
    return np.asarray(desired - np.minimum(scores, desired).mean(axis=(-2, -1)))
