"""What a line chart shows, whatever draws it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, isfinite, log10

import numpy as np

from gofau_studies.figures.axis import log_ticks
from gofau_studies.report.model import CellRole, Curve, CurveKind
from gofau_studies.report.wording import labelled


@dataclass(frozen=True)
class Axis:
    """A chart axis: its label, its ends in data units, and whether it is logarithmic.

    An axis that ``counts`` has its ticks at whole numbers.
    """

    label: str
    low: float
    high: float
    is_log: bool = False
    counts: bool = False

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
        step = max(1.0, step) if self.counts else step
        marks_at = range(ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9) + 1)
        return [(k * step, f"{k * step:g}".replace("-", "−")) for k in marks_at]


def round_step(span: float, most: int = 6) -> float:
    """The smallest of 1, 2 or 5 times a power of ten that gives at most ``most`` steps."""
    magnitude = 10.0 ** floor(log10(span / most))
    return next(k * magnitude for k in (1, 2, 5, 10, 20) if span / (k * magnitude) <= most)


@dataclass(frozen=True)
class ChartView:
    """Curves of one kind on common axes, one rule each, or one cell each of one rule."""

    title: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]

    def style(self, k: int) -> int:
        """Which colour and dashes curve ``k`` has: by role for cells, in order for rules."""
        cell = self.curves[k].cell
        return k if cell is None else list(CellRole).index(cell.role)


TITLES = {
    CurveKind.GOAL: "{metric} over learning rate",
    CurveKind.TUNING: "best of n random settings",
    CurveKind.STEPS: "steps to target over learning rate",
    CurveKind.PROFILE: "problems within a factor of the fastest",
    CurveKind.LEARNING: "{metric} while training, {rule}",
}
X_LABELS = {
    CurveKind.GOAL: "learning rate",
    CurveKind.TUNING: "random settings tried",
    CurveKind.STEPS: "learning rate",
    CurveKind.PROFILE: "factor of the fastest",
    CurveKind.LEARNING: "epoch",
}
LOG_X = {CurveKind.GOAL, CurveKind.STEPS}
COUNTED_X = {CurveKind.TUNING, CurveKind.LEARNING}


LABELS = {CurveKind.STEPS: "steps to target", CurveKind.PROFILE: "share of problems"}
"""Y axes that do not show the goal metric."""


def chart_views(curves: Sequence[Curve], metric: str) -> list[ChartView]:
    """Every chart of a group: one a kind; of learning curves one a rule, on common axes."""
    views = []
    for kind in CurveKind:
        view = chart_view(kind, curves, metric)
        if view is not None:
            views.extend(_by_rule(view) if kind is CurveKind.LEARNING else [view])
    return views


def _by_rule(view: ChartView) -> list[ChartView]:
    rules = dict.fromkeys(c.rule for c in view.curves)
    return [
        replace(
            view,
            title=view.title.replace("{rule}", rule),
            curves=tuple(c for c in view.curves if c.rule == rule),
        )
        for rule in rules
    ]


def chart_view(kind: CurveKind, curves: Sequence[Curve], metric: str) -> ChartView | None:
    """The chart of all curves of one kind; ``None`` when they hold no finite point."""
    chosen = tuple(c for c in curves if c.kind is kind)
    xs = [x for c in chosen for x in c.x]
    ys = _finite(chosen)
    if not ys:
        return None
    if kind is CurveKind.LEARNING:
        ys = _within(ys, chosen)
    is_log = min(ys) > 0 and max(ys) / min(ys) > 30 and kind is not CurveKind.PROFILE
    low, high = (0.0, 1.0) if kind is CurveKind.PROFILE else _padded(min(ys), max(ys), is_log)
    x_low, x_high = _padded(min(xs), max(xs), kind in LOG_X, 0.0)
    label = labelled(LABELS.get(kind, metric), chosen[0].better)
    y = Axis(label, low, high, is_log)
    return ChartView(
        title=TITLES[kind].replace("{metric}", metric),
        x=Axis(X_LABELS[kind], x_low, x_high, kind in LOG_X, kind in COUNTED_X),
        y=y,
        curves=tuple(_leaving(c, y) for c in chosen) if kind is CurveKind.LEARNING else chosen,
    )


def _finite(curves: Sequence[Curve]) -> list[float]:
    ends = (y for c in curves for y in (*c.value, *c.low, *c.high))
    return [y for y in ends if y is not None and isfinite(y)]


def _within(ys: list[float], curves: Sequence[Curve]) -> list[float]:
    """``ys`` without what only curves of diverged cells reach: those leave the chart."""
    alive = _finite([c for c in curves if c.cell and c.cell.role is not CellRole.DIVERGED])
    if not alive:
        return ys
    starts = [v for c in curves for v in c.value[:1] if v is not None and isfinite(v)]
    return [*alive, *starts]


def _leaving(curve: Curve, axis: Axis) -> Curve:
    """The curve up to where it leaves the chart, ending on its border."""
    gone = next(
        (k for k, v in enumerate(curve.value) if v is not None and _off(v, axis)), len(curve.x)
    )

    def cut(values: tuple[float | None, ...]) -> tuple[float | None, ...]:
        kept = [clipped(v, axis) for v in values[: gone + 1]]
        return (*kept, *([None] * (len(values) - len(kept))))

    parts = {"value": cut(curve.value), "low": cut(curve.low), "high": cut(curve.high)}
    return curve.model_copy(update=parts)


def _off(value: float, axis: Axis) -> bool:
    return not axis.low <= value <= axis.high


def _padded(low: float, high: float, is_log: bool, share: float = 0.05) -> tuple[float, float]:
    if is_log:
        factor = (high / low) ** share if high > low else 2.0
        return low / factor, high * factor
    room = share * (high - low) if high > low else 0.5 * (abs(high) or 1.0)
    return low - room, high + room


def runs(values: Sequence[float | None]) -> list[list[int]]:
    """Indices of consecutive finite values: a line breaks where a value is absent or infinite."""
    finite = [v is not None and isfinite(v) for v in values]
    starts = np.flatnonzero(np.diff([0, *finite, 0]) == 1)
    stops = np.flatnonzero(np.diff([0, *finite, 0]) == -1)
    return [list(range(a, b)) for a, b in zip(starts, stops, strict=True)]


def clipped(value: float | None, axis: Axis) -> float | None:
    """A band's end held inside the chart, infinite ones at its border."""
    return None if value is None else min(axis.high, max(axis.low, value))
