"""Charts for painters, and curves that charts are made of."""

from datetime import UTC, datetime
from math import inf
from typing import Any

from gofau_studies.report.all_charts import with_charts
from gofau_studies.report.chart import Chart
from gofau_studies.report.framing import axis, series, value_axis
from gofau_studies.report.model import (
    CellRole,
    Curve,
    CurveCell,
    CurveKind,
    GroupReport,
    RuleReport,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)


def curve(rule: str = "a", value: Any = (3.0, 1.0, 2.0), low: Any = (2.0, 1.0, 1.0), **more: Any):
    """A curve over three learning rates, whose band is infinite at its end."""
    facts = {"kind": CurveKind.GOAL, "x": (0.01, 0.1, 1.0), "high": (4.0, 1.0, inf)}
    return Curve(rule=rule, value=value, low=low, **(facts | more))


def cell_curve(rule: str, role: CellRole, value: Any) -> Curve:
    """A learning curve without a spread."""
    cell = CurveCell(role=role, lr=0.1, init_scale=1.0)
    common: dict[str, Any] = {"kind": CurveKind.LEARNING, "cell": cell}
    return curve(rule, value, value, high=value, x=tuple(map(float, range(len(value)))), **common)


def group(*curves: Curve, metric: str = "loss", unit: str = "") -> GroupReport:
    """The group of these curves' rules, with its charts."""
    rules = dict.fromkeys(c.rule for c in curves)
    made = GroupReport(
        problem="p",
        direction="d",
        goal_metric=metric,
        minimize=True,
        goal_unit=unit,
        target=None,
        cap=2.3,
        tolerance=None,
        standard_init=1.0,
        lr_range=(0.01, 1.0),
        init_range=(0.1, 10.0),
        rules=tuple(
            RuleReport(rule=r, seeds=(0,), trials=3, results=3, diverged=0, scalars={})
            for r in rules
        ),
        curves=curves,
    )
    return with_charts(made)


def chart(names: tuple[str, ...] = ("a", "b"), title: str = "t") -> Chart:
    """A chart of lines over the learning rate."""
    y = value_axis("loss", (1.0, 4.0))
    lines = tuple(series(curve(name), y, k) for k, name in enumerate(names))
    x = axis("learning rate", (0.01, 1.0), log=True)
    return Chart(name="any", title=title, of="p, d", x=x, y=y, series=lines, notes=("Said.",))
