"""M5, tuning curves: the best of n random settings, and a weighted mean of it (tunability)."""

from collections.abc import Iterator

import numpy as np
from scipy.special import gammaln

from gofau_studies.arrays import Floats, Ints


def expected_best(costs: Floats, weights: Floats, draws: Floats) -> Floats:
    """Expected lowest cost of n independent draws from the weighted settings (V).

    V(n) = Σ_i c_(i)·[(1 − F_{i−1})^n − (1 − F_i)^n], c sorted ascending, F cumulative weights.

    Args:
        costs: ``[..., N]`` one cost a setting; NaN settings drop out with their weight.
        weights: ``[N]`` >= 0.
        draws: ``[D]`` numbers of draws, >= 1.

    Returns:
        ``[..., D]``, non-increasing in the number of draws.

    Source: Dodge et al., "Show your work: improved reporting of experimental results", EMNLP 2019.
    """
    ranked, mass = _ranked(costs, weights)
    total = mass.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.cumsum(mass[..., :-1], axis=-1) / total
    np.clip(np.subtract(1.0, left, out=left), 0.0, 1.0, out=left)
    # The sum by parts: c_(1) and, for each step up to the next cost, the chance to be above it.
    with np.errstate(invalid="ignore"):
        gaps = np.diff(ranked)
    if np.isinf(ranked).any():
        gaps[np.isnan(gaps)] = 0.0  # from one infinite cost to the next
    found = [ranked[..., 0] + np.vecdot(gaps, powered) for powered in _powers(left, draws)]
    return np.stack(found, axis=-1)


def _ranked(costs: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """``[..., N]`` costs in ascending order, and their weights; missing ones last, with none."""
    known = ~np.isnan(costs)
    if known.all():
        order = ascending(costs)
        mass = weights[order]
        # One look-up by flat index takes half the time of one by row and column.
        order += np.arange(0, order.size, order.shape[-1]).reshape(*order.shape[:-1], 1)
        return costs.ravel()[order], mass
    filled = np.where(known, costs, np.fmax.reduce(costs, axis=-1, keepdims=True))
    order = np.argsort(costs, axis=-1)
    return (
        np.take_along_axis(filled, order, axis=-1),
        np.take_along_axis(known * weights, order, axis=-1),
    )


def ascending(values: Floats) -> Ints:
    """Places ``[..., N]`` of values in ascending order, as `numpy.argsort` gives them.

    Doubles above 0 are in the order of their bits, whose last ones can tell the place: numbers are
    sorted in less than half the time of places. Values that agree in all other bits of what they
    exceed the lowest by, in about eleven digits, come in the order of their places.

    Args:
        values: ``[..., N]`` without NaN.
    """
    size = values.shape[-1]
    place = np.int64((1 << size.bit_length()) - 1)
    with np.errstate(invalid="ignore"):
        beyond = np.asarray(values - values.min(axis=-1, keepdims=True))
    keys: Ints = beyond.view(np.int64)
    keys &= ~place
    keys |= np.arange(size, dtype=np.int64)
    keys.sort(axis=-1)
    keys &= place
    return keys


def _powers(base: Floats, exponents: Floats) -> Iterator[Floats]:
    """``base`` to each of the exponents, in an array that may be the one of the last exponent."""
    powered, reached = np.ones_like(base), 0.0
    for exponent in exponents:
        if exponent == reached + 1:
            powered *= base
        else:
            powered = _power(base, exponent)
        reached = exponent
        yield powered


def _power(base: Floats, exponent: float) -> Floats:
    """``base ** exponent``; a whole exponent takes a few products instead of a logarithm."""
    if exponent != int(exponent):
        return np.asarray(base**exponent)
    left, square, powered = int(exponent), base, np.ones_like(base)
    while left:
        if left % 2:
            powered *= square
        left //= 2
        square = square * square if left else square
    return powered


def expected_best_distinct(costs: Floats, draws: Floats) -> Floats:
    """Expected lowest cost of n distinct settings drawn from equally likely ones (U).

    U(n) = Σ_i c_(i)·C(N − i, n − 1) / C(N, n), the minimum-variance unbiased estimate.

    Args:
        costs: ``[N]`` without NaN.
        draws: ``[D]`` numbers of draws in [1, N].

    Returns:
        ``[D]``.

    Raises:
        ValueError: a number of draws outside [1, N].

    Source: Tang et al., "Showing your work doesn't always work", ACL 2020.
    """
    size = len(costs)
    if draws.min() < 1 or draws.max() > size:
        raise ValueError(f"draws: got {draws.tolist()}, expected 1 to {size} distinct settings")
    rank = np.arange(1.0, size + 1)[:, None]
    left = size - rank - draws + 1  # settings worse than this one that stay undrawn
    with np.errstate(invalid="ignore"):
        log_share = _log_choose(size - rank, draws - 1) - _log_choose(np.asarray(size), draws)
    return np.asarray(np.sort(costs) @ np.where(left >= 0, np.exp(log_share), 0.0))


def _log_choose(n: Floats, k: Floats) -> Floats:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def tunability(curve: Floats, weights: Floats | None = None) -> float:
    """Weighted mean of a tuning curve; by default the weights fall linearly, D, D−1, ..., 1.

    Args:
        curve: ``[D]`` values of `expected_best` at 1, 2, ..., D draws.
        weights: ``[D]`` >= 0; early draws weigh more when the tuning budget is small.

    Source: Sivaprasad et al., "Optimizer benchmarking needs to account for hyperparameter
    tuning", ICML 2020.
    """
    used = np.arange(len(curve), 0, -1.0) if weights is None else weights
    return float(np.average(curve, weights=used))
