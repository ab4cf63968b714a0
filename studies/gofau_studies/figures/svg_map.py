"""Heat maps and their colour bar as inline SVG: no script, readable at any width."""

from html import escape
from itertools import pairwise

import numpy as np

from gofau.catalog.metrics import better_side
from gofau_studies.arrays import Floats
from gofau_studies.figures.axis import edges
from gofau_studies.figures.colour import ColourScale, blend
from gofau_studies.figures.map_view import MapView
from gofau_studies.report.ticks import log_ticks
from gofau_studies.report.wording import number, setting

WIDTH, HEIGHT = 360, 270
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 26, 40

PATTERNS = (
    '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>'
    '<pattern id="hatch-all" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path d="M0 0V6" stroke="#fff" stroke-width="2.4"/></pattern>'
    '<pattern id="hatch-some" width="10" height="10" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path d="M0 0V10" stroke="#fff" stroke-width="1"/></pattern>'
    "</defs></svg>"
)
"""Hatches that `heat_map` refers to; a page holds them once."""


class Frame:
    """Positions in decades to pixels of one panel."""

    def __init__(self, x_edges: Floats, z_edges: Floats) -> None:
        self.x_edges, self.z_edges = x_edges, z_edges
        self.x_span = WIDTH - LEFT - RIGHT
        self.y_span = HEIGHT - TOP - BOTTOM

    def px(self, x: float) -> float:
        """Horizontal pixel of a position in decades."""
        low, high = float(self.x_edges[0]), float(self.x_edges[-1])
        return round(LEFT + (x - low) / (high - low) * self.x_span, 1)

    def py(self, z: float) -> float:
        """Vertical pixel of a position in decades."""
        low, high = float(self.z_edges[0]), float(self.z_edges[-1])
        return round(TOP + (high - z) / (high - low) * self.y_span, 1)


def heat_map(view: MapView, scale: ColourScale) -> str:
    """One rule's map: cells, hatching, basin contour, ridge line, best cell and log axes."""
    frame = Frame(edges(view.grid.x), edges(view.grid.z))
    name = escape(f"{view.title}: {view.metric} over learning rate and init scale")
    return (
        f'<svg class="map" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">'
        f'<text class="title" x="{LEFT}" y="17">{escape(view.title)}</text>'
        f"{_cells(view, scale, frame)}{_overlay(view, frame)}{_axes(view, frame)}</svg>"
    )


def _cells(view: MapView, scale: ColourScale, frame: Frame) -> str:
    edges_x = [frame.px(x) for x in frame.x_edges]
    edges_y = [frame.py(z) for z in frame.z_edges]
    columns = [(f'x="{a:g}"', f'width="{b - a:.1f}"') for a, b in pairwise(edges_x)]
    rows = [(f'y="{b:g}"', f'height="{a - b:.1f}"') for a, b in pairwise(edges_y)]
    return "".join(
        _cell(view, scale, f"{x} {y} {width} {height}", i, j)
        for i, (x, width) in enumerate(columns)
        for j, (y, height) in enumerate(rows)
        if not np.isnan(view.cost[i, j])
    )


def _cell(view: MapView, scale: ColourScale, box: str, i: int, j: int) -> str:
    fill = scale.colour(float(view.cost[i, j]))
    share = view.diverged[i, j]
    hatch = f'<rect {box} fill="url(#hatch-{"all" if share >= 0.5 else "some"})"/>'
    body = f'<rect {box} fill="{fill}"/>{hatch if share > 0 else ""}'
    return f"<g><title>{escape(_tip(view, i, j))}</title>{body}</g>"


def _tip(view: MapView, i: int, j: int) -> str:
    done = int(view.results[i, j])
    value = number(view.sign * float(view.cost[i, j]), view.unit)
    return (
        f"lr {setting(float(view.grid.lr[i]))}, init scale "
        f"{setting(float(view.grid.init_scale[j]))}: {view.metric} "
        f"{value}, {round(view.diverged[i, j] * done)} of "
        f"{done} diverged" + (f", {view.n_seeds - done} missing" if done < view.n_seeds else "")
    )


def _overlay(view: MapView, frame: Frame) -> str:
    contour = "".join(
        f"M{frame.px(a[0]):g} {frame.py(a[1]):g}L{frame.px(b[0]):g} {frame.py(b[1]):g}"
        for a, b in view.contour
    )
    known = [j for j in range(view.grid.z.size) if not np.isnan(view.ridge[j])]
    spots = [f"{frame.px(view.ridge[j]):g} {frame.py(view.grid.z[j]):g}" for j in known]
    ridge = "M" + "L".join(spots) if len(spots) > 1 else ""
    lines = (("contour", contour), ("ridge", ridge))
    drawn = "".join(
        f'<path class="casing" d="{d}"/><path class="{name}" d="{d}"/>' for name, d in lines if d
    )
    return drawn + _best_mark(view, frame)


def _best_mark(view: MapView, frame: Frame) -> str:
    if view.best is None:
        return ""
    x, y = frame.px(view.grid.x[view.best[0]]), frame.py(view.grid.z[view.best[1]])
    return f'<circle class="best" cx="{x:g}" cy="{y:g}" r="4.5"/>'


def _axes(view: MapView, frame: Frame) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [
        f'<path class="frame" d="M{LEFT} {TOP}H{right}V{bottom}H{LEFT}Z"/>',
        f'<text x="{(LEFT + right) / 2:g}" y="{HEIGHT - 6}" text-anchor="middle">'
        "learning rate</text>",
        f'<text transform="translate(12 {(TOP + bottom) / 2:g}) rotate(-90)" '
        'text-anchor="middle">init scale</text>',
    ]
    for at, label in log_ticks(float(view.grid.x[0]), float(view.grid.x[-1])):
        parts.append(
            f'<path class="tick" d="M{frame.px(at):g} {bottom}v4"/>'
            f'<text x="{frame.px(at):g}" y="{bottom + 17}" text-anchor="middle">{label}</text>'
        )
    for at, label in log_ticks(float(view.grid.z[0]), float(view.grid.z[-1])):
        parts.append(
            f'<path class="tick" d="M{LEFT} {frame.py(at):g}h-4"/>'
            f'<text x="{LEFT - 6}" y="{frame.py(at) + 4:g}" text-anchor="end">{label}</text>'
        )
    return "".join(parts)


def colour_bar(
    scale: ColourScale, metric: str, sign: float, end: str = " (cap)", unit: str = ""
) -> str:
    """The colour scale that all maps of a group share, with its ends and middle labelled.

    ``end`` follows the label of the dark end; ``unit`` is the metric's.
    """
    stops = "".join(
        f'<rect x="{8 + 4 * k}" y="18" width="4.3" height="12" fill="{blend(1 - k / 85)}"/>'
        for k in range(86)
    )
    spots = ((8, 0.0, "start"), (180, 0.5, "middle"), (352, 1.0, "end"))
    labels = "".join(
        f'<text x="{x}" y="44" text-anchor="{anchor}">{number(sign * scale.value(at), unit)}'
        f"{end if at == 1.0 else ''}</text>"
        for x, at, anchor in spots
    )
    kind = ", log scale" if scale.is_log else ""
    kind += f"; {better_side(sign > 0)} is better"
    return (
        f'<svg class="bar" viewBox="0 0 360 50" role="img" aria-label="Colour scale of '
        f'{escape(metric)}"><text x="8" y="12">{escape(metric)}, mean over seeds{kind}</text>'
        f"{stops}{labels}</svg>"
    )
