"""Line charts for print, painted by matplotlib."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from gofau_studies.arrays import Floats
from gofau_studies.figures.colour import RULE_COLOURS
from gofau_studies.figures.names import COLUMN
from gofau_studies.figures.save import literal
from gofau_studies.report.chart import Chart, ChartAxis, Series

TALLEST = 3.6
"""Inches of a chart's height, at most."""

STYLES = ("-", "--", ":", "-.", (0, (5, 5)), (0, (1, 4)), (0, (12, 4)))


def line_chart(chart: Chart, width: float = COLUMN) -> Figure:
    """Lines with bands and a legend, ``width`` inches wide; whose results stands over the title."""
    figure = Figure(figsize=(width, min(0.76 * width, TALLEST)), layout="constrained")
    axes = figure.subplots()
    for one in chart.series:
        _draw(axes, one)
    for which, axis in (("x", chart.x), ("y", chart.y)):
        _set_axis(axes, which, axis)
    figure.suptitle(literal(chart.of), fontsize=7)
    axes.set_title(literal(chart.title), fontsize=8)
    axes.grid(axis="y", linewidth=0.4, alpha=0.6)
    axes.legend(fontsize=7, frameon=False)
    axes.tick_params(labelsize=7)
    return figure


def _draw(axes: Axes, one: Series) -> None:
    colour = RULE_COLOURS[one.style % len(RULE_COLOURS)]
    style = STYLES[one.style % len(STYLES)]
    axes.plot(one.x, _floats(one.line), color=colour, linestyle=style, label=literal(one.name))
    if one.low and one.high:
        low, high = _floats(one.low), _floats(one.high)
        axes.fill_between(one.x, low, high, color=colour, alpha=0.18, linewidth=0)


def _floats(values: tuple[float | None, ...]) -> Floats:
    """What is absent becomes a gap."""
    return np.array([np.nan if v is None else v for v in values])


def _set_axis(axes: Axes, which: str, axis: ChartAxis) -> None:
    scale, ends = "log" if axis.log else "linear", (axis.low, axis.high)
    axes.set(**{f"{which}scale": scale, f"{which}lim": ends})
    getattr(axes, f"set_{which}label")(literal(axis.label), fontsize=8)
    places, labels = [tick.at for tick in axis.ticks], [tick.label for tick in axis.ticks]
    getattr(axes, f"set_{which}ticks")(places, labels)
    getattr(axes, f"{which}axis").set_minor_locator(NullLocator())
