"""M9, exact variance split of a full grid: learning rate, init scale, interaction, seed."""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from gofau_studies.arrays import Floats


class VarianceShares(NamedTuple):
    """Shares of the total variance, summing to 1; each ``[...]``."""

    lr: Floats
    init_scale: Floats
    interaction: Floats
    seed: Floats


def variance_shares(
    maps: Floats, squares: Floats, lr_weights: Floats, init_weights: Floats
) -> VarianceShares:
    """Split the variance of a loss on a product grid into orthogonal parts.

    ℓ(x, z, s) = μ + a(x) + b(z) + c(x, z) + e(x, z, s) with weighted means of zero, hence
    Var ℓ = Σ w a² + Σ v b² + Σ w v c² + Σ w v (mean_s ℓ² − (mean_s ℓ)²).

    Args:
        maps: ``[..., L, I]`` means over seeds.
        squares: ``[..., L, I]`` means over seeds of the squared loss.
        lr_weights: ``[L]`` summing to 1.
        init_weights: ``[I]`` summing to 1.

    Returns:
        Four arrays ``[...]``; NaN where the map has a missing cell (the parts would not be
        orthogonal) or no variance at all.

    Source: Hoeffding, Ann. Math. Statist. 19:293 (1948); Hutter, Hoos & Leyton-Brown, "An
    efficient approach for assessing hyperparameter importance", ICML 2014.
    """
    by_lr = maps @ init_weights
    by_init = np.einsum("...li,l->...i", maps, lr_weights)
    mean = by_lr @ lr_weights
    lr = (by_lr - mean[..., None]) ** 2 @ lr_weights
    init = (by_init - mean[..., None]) ** 2 @ init_weights
    rest = maps - by_lr[..., :, None] - by_init[..., None, :] + mean[..., None, None]
    interaction = rest**2 @ init_weights @ lr_weights
    seed = np.maximum(squares - maps**2, 0.0) @ init_weights @ lr_weights
    total = lr + init + interaction + seed
    with np.errstate(invalid="ignore", divide="ignore"):
        return VarianceShares(lr / total, init / total, interaction / total, seed / total)


def resampled_variance_shares(
    values: Floats, counts: Floats, lr_weights: Floats, init_weights: Floats
) -> VarianceShares:
    """`variance_shares` of seed resamples of a whole grid, without its maps.

    The effects of a mean of maps are the means of the maps' effects, so each part is a quadratic
    form of the draws c: Σ w (Σ_s c_s f_s / S)² = cᵀGc / S² with G_st = Σ w f_s f_t. The seeds' part
    is Σ over s < t of c_s c_t / S² · Σ w (ℓ_s − ℓ_t)².

    Args:
        values: ``[L, I, S]`` losses, none missing.
        counts: ``[R, S]`` draws of each seed, each row summing to S.
        lr_weights: ``[L]`` summing to 1.
        init_weights: ``[I]`` summing to 1.

    Returns:
        Four arrays ``[R]``; NaN where there is no variance.
    """
    maps = np.moveaxis(values, -1, 0)
    by_lr, by_init = maps @ init_weights, np.einsum("sli,l->si", maps, lr_weights)
    mean = by_lr @ lr_weights
    rest = maps - by_lr[:, :, None] - by_init[:, None, :] + mean[:, None, None]
    cells = np.outer(lr_weights, init_weights).ravel()
    flat = maps.reshape(len(maps), -1)
    seed = np.zeros((len(maps), len(maps)))
    for s, t in combinations(range(len(maps)), 2):
        seed[s, t] = (flat[s] - flat[t]) ** 2 @ cells
    effects = (by_lr - mean[:, None], by_init - mean[:, None], rest.reshape(len(maps), -1))
    sizes = (lr_weights, init_weights, cells)
    forms = [(f * w) @ f.T for f, w in zip(effects, sizes, strict=True)]
    share = counts / len(maps)
    parts = [np.einsum("rs,rs->r", share @ form, share) for form in (*forms, seed)]
    total = parts[0] + parts[1] + parts[2] + parts[3]
    with np.errstate(invalid="ignore", divide="ignore"):
        return VarianceShares(*(part / total for part in parts))
