"""Heat maps for print, drawn by matplotlib at any width."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from gofau.catalog import SHARE
from gofau_studies.arrays import Floats
from gofau_studies.figures.axis import edges
from gofau_studies.figures.colour import ColourScale, blend
from gofau_studies.figures.map_view import MapView
from gofau_studies.figures.names import COLUMN
from gofau_studies.figures.save import literal
from gofau_studies.report.ticks import log_ticks
from gofau_studies.report.wording import number

NARROWEST, BAR = 1.25, 0.75
"""Inches of a map, at least, and of the colour bar."""

TITLE = 0.2
"""Inches of the line over all maps."""

ASPECT = 0.9
"""Height of a map over its width."""


def heat_maps(
    views: Sequence[MapView], scale: ColourScale, width: float = COLUMN, of: str = ""
) -> Figure:
    """Maps of several rules with one colour bar, in as many rows as the width asks for.

    Args:
        views: one a rule, with at least one of them.
        scale: shared colours.
        width: inches.
        of: whose results they show, over all of them.
    """
    columns = min(len(views), max(1, int((width - BAR) / NARROWEST)))
    rows = ceil(len(views) / columns)
    each = (width - BAR) / columns
    height = rows * (each * ASPECT + 0.35) + (TITLE if of else 0.0)
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    panels: list[Axes] = list(grid.flat)
    norm = (LogNorm if scale.is_log else Normalize)(scale.low, scale.high)
    for k, (axes, view) in enumerate(zip(panels, views, strict=False)):
        mesh = _map(axes, view, norm, f"map{k}")
        _label(axes, view, most=5 if each > 1.8 else 3)
    _outer_labels(panels, columns, len(views))
    if of:
        figure.suptitle(literal(of), fontsize=8)
    bar = figure.colorbar(mesh, ax=panels)
    bar.set_label(literal(views[0].label), fontsize=8)
    bar.ax.tick_params(labelsize=7)
    if views[0].sign < 0 or views[0].unit == SHARE:
        sign, unit = views[0].sign, views[0].unit
        bar.ax.yaxis.set_major_formatter(lambda cost, _: number(sign * cost, unit))
    return figure


def _map(axes: Axes, view: MapView, norm: Normalize, name: str) -> QuadMesh:
    """One map; ``name`` begins the ids of its parts in an SVG."""
    mesh = axes.pcolormesh(
        edges(view.grid.x),
        edges(view.grid.z),
        np.ma.masked_invalid(view.cost).T,
        cmap=ListedColormap([blend(1 - k / 255) for k in range(256)]),
        norm=norm,
        rasterized=False,
        gid=f"{name}-cells",
    )
    _hatches(axes, view, name)
    _lines(axes, view, name)
    return mesh


def _outer_labels(panels: Sequence[Axes], columns: int, count: int) -> None:
    """Axis names at the left and under the lowest map of each column; no empty panels."""
    for k, axes in enumerate(panels):
        if k >= count:
            axes.set_visible(False)
        elif k + columns >= count:
            axes.set_xlabel("learning rate", fontsize=8)
            axes.tick_params(labelbottom=True)
    for axes in panels[::columns]:
        axes.set_ylabel("init scale", fontsize=8)


def _hatches(axes: Axes, view: MapView, name: str) -> None:
    x, z = edges(view.grid.x), edges(view.grid.z)
    for i, j in np.argwhere((view.diverged > 0) & ~np.isnan(view.cost)):
        axes.add_patch(
            Rectangle(
                (x[i], z[j]),
                x[i + 1] - x[i],
                z[j + 1] - z[j],
                fill=False,
                linewidth=0,
                edgecolor="white",
                hatch="/////" if view.diverged[i, j] >= 0.5 else "//",
                gid=f"{name}-diverged-{i}-{j}",
            )
        )


def _lines(axes: Axes, view: MapView, name: str) -> None:
    for part, colour, width in (("casing", "black", 2.4), ("contour", "white", 1.1)):
        lines = LineCollection(list(view.contour), colors=colour, linewidths=width)
        lines.set_gid(f"{name}-{part}")
        axes.add_collection(lines)
    axes.plot(view.ridge, view.grid.z, color="black", linewidth=2.2)
    ridge = axes.plot(view.ridge, view.grid.z, color="#ffb000", linewidth=1.1, linestyle="--")
    ridge[0].set_gid(f"{name}-ridge")
    if view.best is not None:
        at = (view.grid.x[view.best[0]], view.grid.z[view.best[1]])
        (best,) = axes.plot(*at, "o", color="white", markeredgecolor="black", markersize=4.5)
        best.set_gid(f"{name}-best")


def _label(axes: Axes, view: MapView, most: int) -> None:
    axes.set_title(literal(view.title), fontsize=8)
    for axis, values in ((axes.xaxis, view.grid.x), (axes.yaxis, view.grid.z)):
        marks = log_ticks(*_ends(values), most=most)
        axis.set_ticks([at for at, _ in marks], [label for _, label in marks])
    axes.tick_params(labelsize=7)


def _ends(values: Floats) -> tuple[float, float]:
    return float(values[0]), float(values[-1])
