"""M9, exact variance split of a full grid: learning rate, init scale, interaction, seed."""

from typing import NamedTuple

import numpy as np

from studies.landscape import Floats


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
