"""Line charts with bands as inline SVG."""

from html import escape

from gofau_studies.figures.colour import DASHES, RULE_COLOURS
from gofau_studies.figures.runs import runs
from gofau_studies.report.chart import Chart, ChartAxis, Series

WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 26, 40


def line_chart(chart: Chart) -> str:
    """Lines, bands and axes; a line is told by colour and by dashes."""
    lines = "".join(_line(chart, one) for one in chart.series)
    bands = "".join(_band(chart, one) for one in chart.series)
    title, name = escape(chart.title), escape(chart.full_title)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">'
        f'<text class="title" x="{LEFT}" y="16">{title}</text>{_axes(chart)}{bands}{lines}</svg>'
    )


def sample(one: Series) -> str:
    """The line's colour and dashes, for a legend."""
    return (
        f'<svg viewBox="0 0 34 8" width="34" height="8" aria-hidden="true">'
        f'<path {_style(one.style)} d="M1 4H33"/></svg>'
    )


def _px(axis: ChartAxis, value: float) -> float:
    return round(LEFT + axis.position(value) * (WIDTH - LEFT - RIGHT), 1)


def _py(axis: ChartAxis, value: float) -> float:
    return round(HEIGHT - BOTTOM - axis.position(value) * (HEIGHT - TOP - BOTTOM), 1)


def _style(k: int) -> str:
    colour, dash = RULE_COLOURS[k % len(RULE_COLOURS)], DASHES[k % len(DASHES)]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{colour}"{dashes} stroke-width="2.2" fill="none"'


def _line(chart: Chart, one: Series) -> str:
    parts = []
    for run in runs(one.line):
        spots = [_spot(chart, one.x[i], one.line[i]) for i in run]
        # A lone point has no line: a round cap of no length shows it.
        parts.append("M" + "L".join(spots) + ("h0" if len(spots) == 1 else ""))
    path, tip = "".join(parts), f"<title>{escape(one.name)}</title>"
    if not path:
        return ""
    return f'<path {_style(one.style)} stroke-linecap="round" d="{path}">{tip}</path>'


def _band(chart: Chart, one: Series) -> str:
    shapes = []
    for run in runs(one.low):
        if len(run) > 1:
            up = [_spot(chart, one.x[i], one.high[i]) for i in run]
            down = [_spot(chart, one.x[i], one.low[i]) for i in reversed(run)]
            shapes.append("M" + "L".join(up + down) + "Z")
    path, colour = "".join(shapes), RULE_COLOURS[one.style % len(RULE_COLOURS)]
    return f'<path fill="{colour}" fill-opacity=".18" d="{path}"/>' if path else ""


def _spot(chart: Chart, x: float, y: float | None) -> str:
    return f"{_px(chart.x, x):g} {_py(chart.y, chart.y.high if y is None else y):g}"


def _axes(chart: Chart) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for tick in chart.x.ticks:
        x = _px(chart.x, tick.at)
        parts.append(
            f'<path class="tick" d="M{x:g} {bottom}v4"/>'
            f'<text x="{x:g}" y="{bottom + 17}" text-anchor="middle">{escape(tick.label)}</text>'
        )
    for tick in chart.y.ticks:
        y = _py(chart.y, tick.at)
        parts.append(
            f'<path class="grid" d="M{LEFT} {y:g}H{right}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:g}" text-anchor="end">{escape(tick.label)}</text>'
        )
    parts.append(
        f'<path class="frame" d="M{LEFT} {TOP}H{right}V{bottom}H{LEFT}Z"/>'
        f'<text class="label" x="{(LEFT + right) / 2:g}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{escape(chart.x.label)}</text>"
        f'<text class="label" transform="translate(11 {(TOP + bottom) / 2:g}) rotate(-90)" '
        f'text-anchor="middle">{escape(chart.y.label)}</text>'
    )
    return "".join(parts)
