"""What a trial counts as: the one place that says how a diverged, stopped or missing one does.

Its twin in SQL is `gofau_service.store.recount.counted_in_sql`, which a test holds to it.
"""

from collections.abc import Sequence

import numpy as np

from gofau_studies.arrays import Bools, Floats
from gofau_studies.protocol.trials import Outcome

DIVERGED = tuple(outcome.value for outcome in Outcome if outcome.lost)
"""Outcomes that count as the cap, whatever value was measured."""

PARTIAL = tuple(outcome.value for outcome in Outcome if not outcome.whole)
"""Outcomes that count as nothing."""


def counted(
    values: Floats, *, ended: Bools, diverged: Bools, cap: Floats | float, minimize: bool
) -> Floats:
    """What trials count as, in their metric's own unit; all arrays broadcast.

    - A trial without a result of its whole budget (waiting, failed, stopped early) counts as
      nothing: NaN.
    - A diverged or non-finite one counts as the cap; NaN where no cap is known.
    - Any other counts as its value, or as the cap where that is better; a value that isn't finite
      counts as the cap, on whichever side it lies.

    Args:
        values: the metric at the end; NaN where there is none.
        ended: whether the whole budget has a result.
        diverged: whether it ended as one of `DIVERGED`.
        cap: the worst that any trial counts as, the largest value of a metric that is minimized
            and the least of one that is maximized; NaN where none is known.
        minimize: whether less of the metric is better.
    """
    bound = np.asarray(cap, dtype=np.float64)
    worse = np.fmin if minimize else np.fmax
    lost = diverged | ~np.isfinite(values)
    found = np.where(lost, bound, worse(values, bound))
    return np.asarray(np.where(ended, found, np.nan), dtype=np.float64)


def counted_trials(
    values: Sequence[float | None],
    outcomes: Sequence[str | None],
    caps: Sequence[float | None],
    minimize: bool,
) -> Floats:
    """`counted` of trials by their outcomes in words, ``None`` for one without; NaN for nothing."""
    named = np.array([outcome or "" for outcome in outcomes], dtype=np.str_)
    return counted(
        _floats(values),
        ended=~np.isin(named, ["", *PARTIAL]),
        diverged=np.isin(named, DIVERGED),
        cap=_floats(caps),
        minimize=minimize,
    )


def worst(values: Floats, minimize: bool) -> float | None:
    """The worst finite value, which a diverged trial counts as where no cap is known."""
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    return float(known.max() if minimize else known.min())


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
