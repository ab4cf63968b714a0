"""From a report's curves to axes and lines of a chart."""

import sys
from collections.abc import Iterable, Sequence
from math import isfinite, log10, nextafter

from gofau.catalog import SHARE
from gofau_studies.report.chart import ChartAxis, Leaving, Series, Side, Tick
from gofau_studies.report.model import Curve
from gofau_studies.report.ticks import linear_ticks, log_ticks
from gofau_studies.report.wording import number

WIDE = 30.0
"""Positive values that span more than this factor have a logarithmic axis."""

ROOM = 0.05
"""Share of the values' span that is left free at either end."""

NEAREST, FARTHEST = 1e-300, 1e300
"""Of a linear axis: what is no span and no size, and how far it reaches."""

TINY, HUGE = nextafter(0.0, 1.0), sys.float_info.max
"""Ends that a logarithmic axis has at most."""

Values = tuple[float | None, ...]


def axis(
    label: str,
    values: Iterable[float],
    *,
    unit: str = "",
    log: bool = False,
    counts: bool = False,
    room: float = 0.0,
) -> ChartAxis:
    """The axis that holds ``values``.

    Args:
        label: as it is printed.
        values: finite ones, at least one.
        unit: of the values; shares have ticks in percent.
        log: equal ratios get equal steps.
        counts: ticks lie at whole numbers.
        room: share of the span that is left free at either end.
    """
    known = list(values)
    low, high = _padded(min(known), max(known), log, room)
    marks = _log_ticks(low, high) if log else _linear_ticks(low, high, unit, counts)
    return ChartAxis(label=label, unit=unit, log=log, low=low, high=high, ticks=tuple(marks))


def value_axis(label: str, values: Sequence[float], unit: str = "") -> ChartAxis:
    """The axis of what was measured: some room, logarithmic where `WIDE` asks for it."""
    low, high = min(values), max(values)
    return axis(label, values, unit=unit, log=low > 0 and high / low > WIDE, room=ROOM)


def finite(curves: Iterable[Curve]) -> list[float]:
    """Every finite value and end of a band."""
    ends = (y for c in curves for y in (*c.value, *c.low, *c.high))
    return [y for y in ends if y is not None and isfinite(y)]


def series(curve: Curve, y: ChartAxis, style: int) -> Series:
    """The line of a curve, broken where a value is absent or infinite, with its band."""
    line = tuple(v if v is not None and isfinite(v) else None for v in curve.value)
    return _series(curve, y, style, line, len(curve.x))


def leaving_series(curve: Curve, y: ChartAxis, style: int) -> Series:
    """The line of a curve up to where it leaves the chart, ending on its border."""
    off = [k for k, v in enumerate(curve.value) if v is not None and not y.low <= v <= y.high]
    if not off:
        return series(curve, y, style)
    gone = off[0]
    made = _series(curve, y, style, _cut(curve.value, y, gone + 1), gone + 1)
    side: Side = "above" if (curve.value[gone] or 0.0) > y.high else "below"
    return made.model_copy(update={"leaves": Leaving(x=curve.x[gone], side=side)})


def _series(curve: Curve, y: ChartAxis, style: int, line: Values, stop: int) -> Series:
    return Series(
        name=curve.name,
        role=curve.cell.role if curve.cell else "",
        style=style,
        x=curve.x,
        value=curve.value,
        line=line,
        low=_cut(curve.low, y, stop),
        high=_cut(curve.high, y, stop),
    )


def _cut(values: Values, y: ChartAxis, stop: int) -> Values:
    """The values before ``stop`` held inside the axis, infinite ones at its ends."""
    kept = [None if v is None else min(y.high, max(y.low, v)) for v in values[:stop]]
    return (*kept, *([None] * (len(values) - len(kept))))


def _padded(low: float, high: float, log: bool, room: float) -> tuple[float, float]:
    if log:
        # A ratio of losses that nearly vanish to others can be beyond what a float holds.
        factor = 10 ** (room * (log10(high) - log10(low))) if high > low else 2.0
        return max(low / factor, TINY), min(high * factor, HUGE)
    # Lines are cut to the axis, so what no sum can hold is drawn at its end.
    low, high = max(low, -FARTHEST), min(high, FARTHEST)
    if high - low > NEAREST:
        space = room * (high - low)
    else:
        space = 0.5 * abs(high) if abs(high) > NEAREST else 0.5
    return low - space, high + space


def _log_ticks(low: float, high: float) -> list[Tick]:
    marks = log_ticks(log10(low), log10(high))
    return [Tick(at=10**at, label=label) for at, label in marks]


def _linear_ticks(low: float, high: float, unit: str, counts: bool) -> list[Tick]:
    def label(at: float) -> str:
        return number(at, unit) if unit == SHARE else f"{at:g}".replace("-", "−")

    marks = linear_ticks(low, high, 1.0 if counts else 0.0)
    return [Tick(at=at, label=label(at)) for at in marks]
