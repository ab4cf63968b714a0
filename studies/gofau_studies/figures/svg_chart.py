"""Line charts with bands as inline SVG."""

from html import escape

from gofau_studies.figures.chart_view import Axis, ChartView, clipped, runs
from gofau_studies.figures.colour import DASHES, RULE_COLOURS
from gofau_studies.report.model import Curve

WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 26, 40


def line_chart(view: ChartView) -> str:
    """Curves, bands, axes and a legend; a rule is told by colour and by dashes."""
    lines = "".join(_curve(view, curve, view.style(k)) for k, curve in enumerate(view.curves))
    bands = "".join(_band(view, curve, view.style(k)) for k, curve in enumerate(view.curves))
    title = escape(view.title)
    svg = (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f'<text class="title" x="{LEFT}" y="16">{title}</text>{_axes(view)}{bands}{lines}</svg>'
    )
    legend = "".join(_legend(curve.name, view.style(k)) for k, curve in enumerate(view.curves))
    return f'<div>{svg}<p class="legend">{legend}</p></div>'


def _px(axis: Axis, value: float) -> float:
    return round(LEFT + axis.position(value) * (WIDTH - LEFT - RIGHT), 1)


def _py(axis: Axis, value: float) -> float:
    return round(HEIGHT - BOTTOM - axis.position(value) * (HEIGHT - TOP - BOTTOM), 1)


def _style(k: int) -> str:
    colour, dash = RULE_COLOURS[k % len(RULE_COLOURS)], DASHES[k % len(DASHES)]
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{colour}"{dashes} stroke-width="2.2" fill="none"'


def _curve(view: ChartView, curve: Curve, k: int) -> str:
    parts = []
    for run in runs(curve.value):
        spots = [
            f"{_px(view.x, curve.x[i]):g} {_py(view.y, value):g}"
            for i in run
            if (value := curve.value[i]) is not None
        ]
        # A lone point has no line: a round cap of no length shows it.
        parts.append("M" + "L".join(spots) + ("h0" if len(spots) == 1 else ""))
    path = "".join(parts)
    tip = f"<title>{escape(curve.name)}</title>"
    return f'<path {_style(k)} stroke-linecap="round" d="{path}">{tip}</path>' if path else ""


def _band(view: ChartView, curve: Curve, k: int) -> str:
    low = [clipped(v, view.y) for v in curve.low]
    high = [clipped(v, view.y) for v in curve.high]
    colour = RULE_COLOURS[k % len(RULE_COLOURS)]
    shapes = []
    for run in runs(low):
        there = [i for i in run if low[i] != high[i] or len(run) > 1]
        up = [_spot(view, curve.x[i], high[i]) for i in there]
        down = [_spot(view, curve.x[i], low[i]) for i in reversed(there)]
        shapes.append("M" + "L".join(up + down) + "Z" if len(there) > 1 else "")
    path = "".join(shapes)
    return f'<path fill="{colour}" fill-opacity=".18" d="{path}"/>' if path else ""


def _spot(view: ChartView, x: float, y: float | None) -> str:
    return f"{_px(view.x, x):g} {_py(view.y, view.y.high if y is None else y):g}"


def _axes(view: ChartView) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for at, label in view.x.ticks():
        x = _px(view.x, at)
        parts.append(
            f'<path class="tick" d="M{x:g} {bottom}v4"/>'
            f'<text x="{x:g}" y="{bottom + 17}" text-anchor="middle">{label}</text>'
        )
    for at, label in view.y.ticks():
        y = _py(view.y, at)
        parts.append(
            f'<path class="grid" d="M{LEFT} {y:g}H{right}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:g}" text-anchor="end">{label}</text>'
        )
    parts.append(
        f'<path class="frame" d="M{LEFT} {TOP}H{right}V{bottom}H{LEFT}Z"/>'
        f'<text x="{(LEFT + right) / 2:g}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{escape(view.x.label)}</text>"
        f'<text transform="translate(11 {(TOP + bottom) / 2:g}) rotate(-90)" '
        f'text-anchor="middle">{escape(view.y.label)}</text>'
    )
    return "".join(parts)


def _legend(rule: str, k: int) -> str:
    return (
        f'<span><svg viewBox="0 0 34 8" width="34" height="8" aria-hidden="true">'
        f'<path {_style(k)} d="M1 4H33"/></svg> {escape(rule)}</span> '
    )
