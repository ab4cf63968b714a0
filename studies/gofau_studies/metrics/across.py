"""M6, hyperparameter sensitivity across problems: what one setting for all of them costs."""

import numpy as np

from gofau_studies.arrays import Floats


def hyperparameter_sensitivity(scores: Floats) -> Floats:
    """Mean over problems of the best score, less the best mean score of a single setting.

    Φ = mean_p max_h s(h, p) − max_h mean_p s(h, p)

    Args:
        scores: ``[..., N, P]`` normalised score of each of N settings on each of P problems;
            settings that lack a problem (NaN) drop out.

    Returns:
        ``[...]``, >= 0; 0 for one problem.

    Source: Adkins, Bowling & White, "A method for evaluating hyperparameter sensitivity in
    reinforcement learning", NeurIPS 2024.
    """
    each = scores.max(axis=-2).mean(axis=-1)
    if not np.isnan(each).any():
        return np.asarray(each - scores.mean(axis=-1).max(axis=-1))
    whole = np.asarray(~np.isnan(scores).any(axis=-1, keepdims=True))
    kept = np.where(whole, scores, -np.inf)
    each = kept.max(axis=-2).mean(axis=-1)
    common = np.where(whole[..., 0], np.where(whole, scores, 0.0).mean(axis=-1), -np.inf)
    with np.errstate(invalid="ignore"):
        return np.asarray(each - common.max(axis=-1))


def normalised_score(cost: Floats, best: Floats | float, cap: float) -> Floats:
    """Share of the way from the cap (0) to the problem's best cost (1); may exceed 1 by noise.

    s = (cap − ℓ) / (cap − best)

    Args:
        cost: ``[R, ...]``, or any shape for one best cost.
        best: ``[R]`` or a number; NaN where a resample has none.

    Raises:
        ValueError: a best is not below the cap.
    """
    if not np.all(np.isnan(best) | (np.asarray(best) < cap)):
        raise ValueError(f"best: got {best}, expected less than the cap {cap}")
    reach = np.reshape(cap - best, (-1,) + (1,) * (cost.ndim - 1)) if np.ndim(best) else cap - best
    return np.asarray((cap - cost) / reach)
