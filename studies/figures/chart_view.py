"""What a line chart shows, whatever draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10

import numpy as np

from studies.figures.axis import log_ticks
from studies.landscape import Floats
from studies.metrics.time_to_target import resampled_quantile
from studies.report.model import Curve, CurveKind


@dataclass(frozen=True)
class Axis:
    """A chart axis: its label, its ends in data units, and whether it is logarithmic."""

    label: str
    low: float
    high: float
    is_log: bool = False

    def position(self, value: float) -> float:
        """0 at ``low``, 1 at ``high``."""
        low, high, at = (self._scaled(v) for v in (self.low, self.high, value))
        return (at - low) / (high - low)

    def _scaled(self, value: float) -> float:
        return log10(value) if self.is_log else value

    def ticks(self) -> list[tuple[float, str]]:
        """Values and labels: powers of ten, or round steps of a linear axis."""
        if self.is_log:
            marks = log_ticks(log10(self.low), log10(self.high))
            return [(10**at, label) for at, label in marks]
        step = round_step(self.high - self.low)
        marks_at = range(ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9) + 1)
        return [(k * step, f"{k * step:g}".replace("-", "−")) for k in marks_at]


def round_step(span: float, most: int = 6) -> float:
    """The smallest of 1, 2 or 5 times a power of ten that gives at most ``most`` steps."""
    magnitude = 10.0 ** floor(log10(span / most))
    return next(k * magnitude for k in (1, 2, 5, 10, 20) if span / (k * magnitude) <= most)


@dataclass(frozen=True)
class ChartView:
    """Curves of one kind on common axes, one rule each."""

    title: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]


TITLES = {
    CurveKind.GOAL: "{metric} over learning rate",
    CurveKind.TUNING: "best of n random settings",
    CurveKind.STEPS: "steps to target over learning rate",
    CurveKind.PROFILE: "problems within a factor of the fastest",
    CurveKind.LEARNING: "{metric} while training",
}
X_LABELS = {
    CurveKind.GOAL: "learning rate",
    CurveKind.TUNING: "random settings tried",
    CurveKind.STEPS: "learning rate",
    CurveKind.PROFILE: "factor of the fastest",
    CurveKind.LEARNING: "epoch",
}
LOG_X = {CurveKind.GOAL, CurveKind.STEPS}


def chart_view(kind: CurveKind, curves: Sequence[Curve], metric: str) -> ChartView | None:
    """The chart of all curves of one kind; ``None`` when they hold no finite point."""
    chosen = tuple(c for c in curves if c.kind is kind)
    xs = [x for c in chosen for x in c.x]
    ys = [y for c in chosen for y in (*c.value, *c.low, *c.high) if y is not None and isfinite(y)]
    if not ys:
        return None
    labels = {CurveKind.STEPS: "steps to target", CurveKind.PROFILE: "share of problems"}
    is_log = min(ys) > 0 and max(ys) / min(ys) > 30 and kind is not CurveKind.PROFILE
    low, high = (0.0, 1.0) if kind is CurveKind.PROFILE else _padded(min(ys), max(ys), is_log)
    x_low, x_high = _padded(min(xs), max(xs), kind in LOG_X, 0.0)
    return ChartView(
        title=TITLES[kind].replace("{metric}", metric),
        x=Axis(X_LABELS[kind], x_low, x_high, kind in LOG_X),
        y=Axis(labels.get(kind, metric), low, high, is_log),
        curves=chosen,
    )


def _padded(low: float, high: float, is_log: bool, share: float = 0.05) -> tuple[float, float]:
    if is_log:
        factor = (high / low) ** share if high > low else 2.0
        return low / factor, high * factor
    room = share * (high - low) if high > low else 0.5 * (abs(high) or 1.0)
    return low - room, high + room


def learning_curve(label: str, epochs: Floats, values: Floats) -> Curve:
    """Learning curve of one cell: median and quartiles over seeds.

    Args:
        label: stands in the legend.
        epochs: ``[T]``.
        values: ``[T, S]`` measured metric, NaN after a trial ended.
    """
    once = np.ones((1, values.shape[1]))
    low, mid, high = (resampled_quantile(values, once, q)[0] for q in (0.25, 0.5, 0.75))
    plain = [tuple(None if np.isnan(v) else float(v) for v in a) for a in (mid, low, high)]
    return Curve(
        kind=CurveKind.LEARNING,
        rule=label,
        x=tuple(map(float, epochs)),
        value=plain[0],
        low=plain[1],
        high=plain[2],
    )


def runs(values: Sequence[float | None]) -> list[list[int]]:
    """Indices of consecutive finite values: a line breaks where a value is absent or infinite."""
    finite = [v is not None and isfinite(v) for v in values]
    starts = np.flatnonzero(np.diff([0, *finite, 0]) == 1)
    stops = np.flatnonzero(np.diff([0, *finite, 0]) == -1)
    return [list(range(a, b)) for a, b in zip(starts, stops, strict=True)]


def clipped(value: float | None, axis: Axis) -> float | None:
    """A band's end held inside the chart, infinite ones at its top."""
    if value is None:
        return None
    return min(axis.high, max(axis.low, axis.high if value == inf else value))
