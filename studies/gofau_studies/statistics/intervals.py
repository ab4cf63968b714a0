"""Closed-form and percentile intervals."""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

from gofau_studies.arrays import Floats

FLAT = 1e-12
"""Ends that differ by no more than this share of the numbers behind them differ by rounding."""


class Interval(NamedTuple):
    """A lower and an upper end."""

    low: float
    high: float

    def is_flat(self, scale: float) -> bool:
        """Whether both ends are the same number of about this size, but for rounding."""
        return self.low == self.high or self.high - self.low <= FLAT * scale


def wilson(hits: float, trials: float, level: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion.

    centre (p + z²/2n) / (1 + z²/n), half-width z·√(p(1−p)/n + z²/4n²) / (1 + z²/n)

    Args:
        hits: successes, in [0, trials]; fractional counts are allowed (effective sample sizes).
        trials: n > 0.
        level: coverage in (0, 1).

    Raises:
        ValueError: hits or trials out of range.

    Source: Wilson, JASA 22:209 (1927).
    """
    if trials <= 0 or not -1e-9 <= hits <= trials * (1 + 1e-9):
        raise ValueError(
            f"wilson: got {hits} of {trials}, expected 0 <= hits <= trials, trials > 0"
        )
    z = float(norm.ppf(0.5 + level / 2))
    p = min(max(hits / trials, 0.0), 1.0)
    scale = 1.0 + z * z / trials
    centre = (p + z * z / (2 * trials)) / scale
    half = z * np.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2)) / scale
    # At the ends centre and half-width cancel but for rounding, which would print as 1e-17.
    low = 0.0 if p == 0.0 else float(centre - half)
    high = 1.0 if p == 1.0 else float(centre + half)
    return Interval(max(0.0, low), min(1.0, high))


def agreed(value: float, ends: tuple[float, float], n_seeds: int, level: float = 0.95) -> Interval:
    """Interval of a mean over seeds on which all of them agree, so that resampling tells nothing.

    Wilson's bound q for 0 of n says how many of all seeds may behave otherwise than the n seen; at
    worst each of those lies at an end: v + q·(end − v).

    Args:
        value: v, that of every seed.
        ends: the least and the largest value that a seed may have.
        n_seeds: n > 0.

    Example:
        >>> [round(end, 4) for end in agreed(0.0, (0.0, 1.0), 10)]
        [0.0, 0.2775]
    """
    others = wilson(0, n_seeds, level).high
    low, high = (value + others * (end - value) for end in ends)
    return Interval(low, high)


@cache
def expanded_level(n_seeds: int, level: float = 0.95) -> float:
    """The nominal level whose percentile interval is as wide as a t interval of ``n_seeds``.

    α'/2 = Φ(−√(n/(n−1))·t_{1−α/2, n−1}): the first factor makes up for the resampled variance's
    divisor n, the second for not knowing the variance. From 5 seeds on the interval then covers
    close to its nominal level; with 3 it still ends at the extreme seeds.

    Args:
        n_seeds: >= 2.

    Source: Hesterberg, "What teachers should know about the bootstrap", Am. Stat. 69:371 (2015).
    """
    reach = np.sqrt(n_seeds / (n_seeds - 1)) * t.ppf(0.5 + level / 2, n_seeds - 1)
    return float(norm.cdf(reach) - norm.cdf(-reach))


def percentile(samples: Floats, level: float = 0.95) -> Interval:
    """Central percentile interval of bootstrap ``samples[R]``, NaN samples left out.

    With few seeds it is too narrow: a 95 % interval of a mean covers about 74 % of the time at 3
    seeds, 85 % at 5 and 92 % at 20. `expanded_level` makes up for most of that.

    Raises:
        ValueError: no sample holds a value.
    """
    return percentiles(samples[:, None], level)[0]


def percentiles(samples: Floats, level: float = 0.95) -> list[Interval]:
    """`percentile` of each column of ``samples[R, K]``.

    Raises:
        ValueError: a column without a value.
    """
    tails = _tails(level)
    if np.isfinite(samples).all():
        return [Interval(float(a), float(b)) for a, b in np.quantile(samples, tails, axis=0).T]
    return [_percentile(column, tails) for column in samples.T]


def _tails(level: float) -> list[float]:
    tail = (1.0 - level) / 2
    return [tail, 1.0 - tail]


def _percentile(samples: Floats, tails: list[float]) -> Interval:
    known = samples[~np.isnan(samples)]
    if known.size == 0:
        raise ValueError("percentile: got no finite sample, expected at least one")
    # Infinite samples (a target never reached) are ranked, not interpolated into NaN.
    if np.isfinite(known).all():
        low, high = np.quantile(known, tails)
    else:
        low, high = np.quantile(known, tails, method="nearest")
    return Interval(float(low), float(high))
