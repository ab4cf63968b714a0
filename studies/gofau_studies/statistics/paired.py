"""Paired comparison of rules: sign-flip tests on paired seeds with Holm's correction."""

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np

from gofau_studies.arrays import Floats

EXACT_SEEDS = 14
"""Up to this many pairs all 2^n sign patterns are enumerated."""


def sign_flip(
    differences: Floats, rng: np.random.Generator | None = None, draws: int = 20_000
) -> float:
    """Two-sided p-value that paired ``differences[S]`` are symmetric about 0.

    p = share of sign patterns s with abs(Σ s·d) >= abs(Σ d); all 2^n patterns up to
    `EXACT_SEEDS` pairs, else ``draws`` random ones with the observed pattern counted in. The
    smallest p of n pairs is 2^(1−n): five seeds cannot go below .0625. An infinite difference (one
    side never arrived) counts as larger than all finite ones together.

    Args:
        differences: one value a pair, without NaN.
        rng: needed above `EXACT_SEEDS` pairs.

    Raises:
        ValueError: no pair, a NaN, or no generator where one is needed.

    Source: Fisher, "The Design of Experiments" (1935), §21.
    """
    n = len(differences)
    if n == 0 or np.isnan(differences).any():
        raise ValueError(f"sign_flip: got {differences}, expected at least one pair and no NaN")
    finite = np.isfinite(differences)
    beyond = 1.0 + float(np.abs(differences[finite]).sum())
    sizes = np.where(finite, differences, np.sign(differences) * beyond)
    observed = abs(float(sizes.sum()))
    # Patterns that tie with the observed one must count in spite of rounding.
    bar = observed * (1 - 1e-12)
    if n <= EXACT_SEEDS:
        return float((np.abs(_patterns(n) @ sizes) >= bar).mean())
    if rng is None:
        raise ValueError(f"sign_flip: got no generator for {n} pairs, expected one")
    signs = rng.choice([-1.0, 1.0], size=(draws, n))
    return float((1 + (np.abs(signs @ sizes) >= bar).sum()) / (1 + draws))


@cache
def _patterns(n: int) -> Floats:
    """``[2^n, n]`` all patterns of signs."""
    return np.array(list(product((-1.0, 1.0), repeat=n)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, which bound the chance of any false claim in the family.

    p̃_(k) = max over j <= k of min(1, (m − j + 1)·p_(j)), p sorted ascending.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist.
    6:65 (1979).
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    stepped = np.minimum(1.0, np.maximum.accumulate(np.asarray(p_values)[order] * factors))
    adjusted = np.empty(len(p_values))
    adjusted[order] = stepped
    return [float(p) for p in adjusted]
