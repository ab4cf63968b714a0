"""Line charts for print, drawn by matplotlib."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gofau_studies.arrays import Floats
from gofau_studies.figures.chart_view import Axis, ChartView, clipped
from gofau_studies.figures.colour import RULE_COLOURS
from gofau_studies.figures.names import COLUMN
from gofau_studies.figures.save import literal
from gofau_studies.report.model import Curve

TALLEST = 3.6
"""Inches of a chart's height, at most."""

STYLES = ("-", "--", ":", "-.", (0, (5, 5)), (0, (1, 4)), (0, (12, 4)))


def line_chart(view: ChartView, width: float = COLUMN) -> Figure:
    """Curves with bands and a legend, ``width`` inches wide."""
    figure = Figure(figsize=(width, min(0.76 * width, TALLEST)), layout="constrained")
    axes = figure.subplots()
    for k, curve in enumerate(view.curves):
        _draw(axes, view, curve, view.style(k))
    for which, axis in (("x", view.x), ("y", view.y)):
        _set_axis(axes, which, axis)
    axes.set_title(literal(view.title), fontsize=8)
    axes.grid(axis="y", linewidth=0.4, alpha=0.6)
    axes.legend(fontsize=7, frameon=False)
    axes.tick_params(labelsize=7)
    return figure


def _draw(axes: Axes, view: ChartView, curve: Curve, k: int) -> None:
    colour, style = RULE_COLOURS[k % len(RULE_COLOURS)], STYLES[k % len(STYLES)]
    axes.plot(
        curve.x, _floats(curve.value), color=colour, linestyle=style, label=literal(curve.name)
    )
    if curve.low and curve.high:
        low, high = (
            _floats(tuple(clipped(v, view.y) for v in ends)) for ends in (curve.low, curve.high)
        )
        axes.fill_between(curve.x, low, high, color=colour, alpha=0.18, linewidth=0)


def _floats(values: tuple[float | None, ...]) -> Floats:
    """Absent and infinite values become gaps."""
    array = np.array([np.nan if v is None else v for v in values])
    return np.asarray(np.where(np.isinf(array), np.nan, array))


def _set_axis(axes: Axes, which: str, axis: Axis) -> None:
    getattr(axes, f"set_{which}label")(literal(axis.label), fontsize=8)
    axes.set(
        **{
            f"{which}scale": "log" if axis.is_log else "linear",
            f"{which}lim": (axis.low, axis.high),
        }
    )
    if axis.counts:
        getattr(axes, f"{which}axis").set_major_locator(MaxNLocator(integer=True))
