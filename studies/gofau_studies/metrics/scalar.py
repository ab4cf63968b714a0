"""A number with what is needed to judge it: interval, coverage, censoring, seeds."""

from math import isfinite
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from gofau_studies.arrays import Floats
from gofau_studies.protocol.trial_facts import Better
from gofau_studies.statistics.intervals import Interval, expanded_level, percentiles

MIN_COVERAGE = 0.9
"""Below this share of trials a scalar has no value."""

ONE_SEED = "one seed gives no interval"
REPEATED = "all {ran} seeds gave the same results bit by bit, one seed's worth of evidence"
ALIKE = "no interval: the same in every resample of the seeds"


def enough(coverage: float) -> bool:
    """Whether a coverage lets numbers be given."""
    # A sum of weights that is 0.9 on paper may fall short by an ulp.
    return coverage >= MIN_COVERAGE - 1e-9


def _read(value: object) -> object:
    return {"inf": np.inf, "-inf": -np.inf}.get(value, value) if isinstance(value, str) else value


def _write(value: float) -> float | str:
    return value if isfinite(value) else str(value)


# JSON has no infinity, and a target that is never reached takes infinitely many steps.
Number = Annotated[
    float, BeforeValidator(_read), PlainSerializer(_write, float | str, when_used="json")
]


class Scalar(BaseModel):
    """One reported number.

    ``low`` and ``high`` bound ``level`` (95 %) of the uncertainty over seeds; ``coverage`` is the
    weighted share of trials that had a result; ``censored`` names the borders that make the value
    a ``bound`` ("≥" or "≤"); ``reason`` says why a value or an interval is absent; ``better`` says
    which way it is better.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=True)

    value: Number | None
    low: Number | None = None
    high: Number | None = None
    level: Number = 0.95
    coverage: Number
    censored: tuple[str, ...] = ()
    bound: str = ""
    n_seeds: int
    unit: str = ""
    reason: str | None = None
    better: Better = "neither"

    @classmethod
    def withheld(cls, coverage: float, n_seeds: int, reason: str, unit: str = "") -> Self:
        """A scalar without a value."""
        return cls(value=None, coverage=coverage, n_seeds=n_seeds, unit=unit, reason=reason)

    @classmethod
    def measured(
        cls,
        value: float,
        interval: Interval | None,
        coverage: float,
        n_seeds: int,
        *,
        censored: tuple[str, ...] = (),
        bound: str = "≥",
        unit: str = "",
        level: float = 0.95,
        why: str = ONE_SEED,
    ) -> Self:
        """A value with its interval, or none of both below `MIN_COVERAGE`.

        Args:
            why: there is no interval, where there is none.
        """
        if not enough(coverage):
            share = f"{coverage:.0%} of the grid has results, {MIN_COVERAGE:.0%} are needed"
            return cls.withheld(coverage, n_seeds, share, unit)
        if np.isnan(value):
            return cls.withheld(coverage, n_seeds, "undefined on this grid", unit)
        return cls(
            value=value,
            low=None if interval is None else interval.low,
            high=None if interval is None else interval.high,
            level=level,
            coverage=coverage,
            censored=censored,
            bound=bound if censored else "",
            n_seeds=n_seeds,
            unit=unit,
            reason=why if interval is None else None,
        )


def sampled_interval(samples: Floats, n_seeds: int, level: float) -> Interval | None:
    """Expanded percentile interval of bootstrap samples; ``None`` from one seed or no value."""
    return sampled_intervals(samples[:, None], n_seeds, level)[0]


def sampled_intervals(samples: Floats, n_seeds: int, level: float) -> list[Interval | None]:
    """`sampled_interval` of each column of ``samples[R, K]``."""
    found: list[Interval | None] = [None] * samples.shape[1]
    if n_seeds < 2:
        return found
    known = np.flatnonzero(~np.isnan(samples).all(axis=0))
    intervals = percentiles(samples[:, known], expanded_level(n_seeds, level))
    for column, interval in zip(known, intervals, strict=True):
        found[column] = interval
    return found
