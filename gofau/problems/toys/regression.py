"""Linear and logistic regression on designs without randomness."""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F


def primes(count: int) -> list[int]:
    """The first ``count`` primes."""
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % p for p in found):
            found.append(candidate)
        candidate += 1
    return found


@cache
def weyl_design(examples: int, features: int) -> Tensor:
    """A matrix that looks uniform on [−√3, √3] but is the same everywhere, ``[N, d]`` in fp64.

    X_ij = √12·(frac((i + 1)·√pⱼ) − ½) with pⱼ the j-th prime: columns of mean near 0 and variance
    near 1 that are nearly uncorrelated.

    Args:
        examples: N >= 1.
        features: d >= 1.

    Source: Weyl, Mathematische Annalen 77 (1916), on equidistribution.
    """
    index = torch.arange(1, examples + 1, dtype=torch.float64)
    roots = torch.tensor(primes(features), dtype=torch.float64).sqrt()
    return 12**0.5 * ((index[:, None] * roots) % 1.0 - 0.5)


def least_squares(w: Tensor, design: Tensor, answers: Tensor) -> Tensor:
    """‖X·w − y‖²/(2N).

    Args:
        w: weights, ``[..., d]``.
        design: X, ``[N, d]``.
        answers: y, ``[N]``.

    Returns:
        Tensor: values, ``[...]``.
    """
    residuals = w @ design.to(w).T - answers.to(w)
    return residuals.square().mean(-1) / 2


def logistic(w: Tensor, design: Tensor, signs: Tensor, penalty: float) -> Tensor:
    """Mean of log(1 + exp(−y·x·w)) plus ½·penalty·‖w‖².

    Args:
        w: weights, ``[..., d]``.
        design: X, ``[N, d]``.
        signs: y, ±1, ``[N]``.
        penalty: >= 0; above 0 the minimum is unique.

    Returns:
        Tensor: values, ``[...]``.
    """
    margins = (w @ design.to(w).T) * signs.to(w)
    return F.softplus(-margins).mean(-1) + penalty / 2 * w.square().sum(-1)
