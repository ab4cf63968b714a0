"""Heat maps for print, drawn by matplotlib: SVG or PDF at any size."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from studies.figures.axis import edges, log_ticks
from studies.figures.colour import ColourScale, blend
from studies.figures.map_view import MapView
from studies.figures.save import literal
from studies.landscape import Floats

PANEL_INCHES = (2.4, 2.1)


def heat_maps(views: Sequence[MapView], scale: ColourScale) -> Figure:
    """Maps of several rules side by side with one colour bar.

    Args:
        views: one a rule, with at least one of them.
        scale: shared colours.
    """
    width = PANEL_INCHES[0] * len(views) + 0.8
    figure = Figure(figsize=(width, PANEL_INCHES[1] + 0.3), layout="constrained")
    panels = np.ravel(figure.subplots(1, len(views), sharey=True, squeeze=False))
    colours = ListedColormap([blend(1 - k / 255) for k in range(256)])
    norm = (LogNorm if scale.is_log else Normalize)(scale.low, scale.high)
    for axes, view in zip(panels, views, strict=True):
        mesh = axes.pcolormesh(
            edges(view.grid.x),
            edges(view.grid.z),
            np.ma.masked_invalid(view.cost).T,
            cmap=colours,
            norm=norm,
            rasterized=False,
        )
        _hatches(axes, view)
        _lines(axes, view)
        _label(axes, view)
    panels[0].set_ylabel("init scale")
    bar = figure.colorbar(mesh, ax=list(panels), label=literal(views[0].metric))
    if views[0].sign < 0:
        bar.ax.yaxis.set_major_formatter(lambda cost, _: f"{-cost:.3g}")
    return figure


def _hatches(axes: Axes, view: MapView) -> None:
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
            )
        )


def _lines(axes: Axes, view: MapView) -> None:
    for colour, width in (("black", 2.4), ("white", 1.1)):
        axes.add_collection(LineCollection(list(view.contour), colors=colour, linewidths=width))
    axes.plot(view.ridge, view.grid.z, color="black", linewidth=2.2)
    axes.plot(view.ridge, view.grid.z, color="#ffb000", linewidth=1.1, linestyle="--")
    if view.best is not None:
        at = (view.grid.x[view.best[0]], view.grid.z[view.best[1]])
        axes.plot(*at, "o", markerfacecolor="white", markeredgecolor="black", markersize=4.5)


def _label(axes: Axes, view: MapView) -> None:
    axes.set_title(literal(view.title), fontsize=9)
    axes.set_xlabel("learning rate")
    for axis, values in ((axes.xaxis, view.grid.x), (axes.yaxis, view.grid.z)):
        marks = log_ticks(*_ends(values), most=5)
        axis.set_ticks([at for at, _ in marks], [label for _, label in marks])
    axes.tick_params(labelsize=8)


def _ends(values: Floats) -> tuple[float, float]:
    return float(values[0]), float(values[-1])
