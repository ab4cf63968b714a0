"""Trajectories on contour plots, and every cell against the paper's."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from reproduce.protocol import Case, CellKey, Protocol
from reproduce.published import CASES, DIRECTIONS, RULES, TABLES
from reproduce.tables import Row
from reproduce.training import Floats, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Mapping[str, str] = {
    "additive": "#0072b2",
    "multiplicative": "#d55e00",
    "hybrid": "#009e73",
}
MARKERS: Mapping[str, str] = {"additive": "o", "multiplicative": "s", "hybrid": "^"}
GRID = 160
LEVELS = 12


def save_figures(protocol: Protocol, made: list[Row], folder: Path) -> list[Path]:
    """Write ``cells``, ``convex`` and ``rosenbrock`` as SVG and PNG into ``folder``.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    figures: dict[str, Figure] = {"cells": cells_figure(made)}
    for case in map(protocol.case, CASES):
        figures[case.name] = trajectory_figure(protocol, case, made)
    written = []
    for name, figure in figures.items():
        for suffix in ("svg", "png"):
            path = folder / f"{name}.{suffix}"
            figure.savefig(path, dpi=90, metadata={"Date": None} if suffix == "svg" else None)
            written.append(path)
    return written


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure without a window.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "figures need matplotlib, which is not installed; "
            "install it with: pip install 'gofau[figures]'"
        ) from error
    # One salt, so that the same figure is the same file.
    mpl.rcParams["svg.hashsalt"] = "gofau"
    return Figure(figsize=(width, height), layout="constrained")


def cells_figure(made: list[Row]) -> "Figure":
    """Ours over the paper's, on logarithmic axes, one panel a table."""
    figure = new_figure(9.0, 4.4)
    panels = figure.subplots(1, 2)
    for panel, (table, title) in zip(panels, TABLES.items(), strict=True):
        rows = [row for row in made if row.key.table == table]
        for i, rule in enumerate(RULES):
            x = [row.published[i] for row in rows]
            y = [row.ours[i] for row in rows]
            panel.scatter(x, y, color=COLOURS[rule], marker=MARKERS[rule], label=rule, alpha=0.8)
        _diagonal(panel)
        panel.set_title(f"{table}: {title}", fontsize=8)
        panel.set(xlabel="paper", ylabel="ours")
    panels[0].legend(loc="upper left", fontsize=8)
    return figure


def _diagonal(panel: "Axes") -> None:
    panel.set(xscale="log", yscale="log")
    low = min(panel.get_xlim()[0], panel.get_ylim()[0])
    high = max(panel.get_xlim()[1], panel.get_ylim()[1])
    panel.plot((low, high), (low, high), color="0.6", linewidth=0.8, zorder=0)
    panel.set(xlim=(low, high), ylim=(low, high))


def trajectory_figure(protocol: Protocol, case: Case, made: list[Row]) -> "Figure":
    """The three tuned rules on the contours of a case, one panel a direction."""
    figure = new_figure(9.0, 8.0)
    panels = figure.subplots(2, 2)
    rows = {row.key.direction: row for row in made if row.key[:2] == ("T1", case.name)}
    for panel, direction in zip(panels.flat, DIRECTIONS, strict=True):
        paths = {
            rule: path(protocol, CellKey(case, direction, rule), cell.tuned)
            for rule, cell in zip(RULES, rows[direction].cells, strict=True)
        }
        _contours(panel, case)
        for rule, line in paths.items():
            panel.plot(
                *line.T, color=COLOURS[rule], marker=MARKERS[rule], ms=2.5, lw=0.9, label=rule
            )
        panel.plot(*case.minimum, marker="*", color="k", ms=9, linestyle="none")
        panel.set_title(direction, fontsize=9)
    panels[0, 0].legend(loc="best", fontsize=8)
    return figure


def path(protocol: Protocol, key: CellKey, tuned: Mapping[str, Floats]) -> Floats:
    """The first repetition's training from the case's start, ``[T + 1, 2]``."""
    start = np.array([key.case.start])
    hyper = {name: value[:1] for name, value in tuned.items()}
    return np.concatenate(list(points(key, start, hyper, protocol.iterations)))


def _contours(panel: "Axes", case: Case) -> None:
    """Shades of log f around start and minimum."""
    ends = np.array([case.start, case.minimum])
    margin = 0.5 * case.distance
    (left, bottom), (right, top) = ends.min(0) - margin, ends.max(0) + margin
    x, y = np.linspace(left, right, GRID), np.linspace(bottom, top, GRID)
    mesh = np.stack(np.meshgrid(x, y), -1)
    heights = np.log10(case.loss(torch.from_numpy(mesh)).numpy() + 1e-3)
    shades = panel.contourf(x, y, heights, levels=LEVELS, cmap="Greys_r", alpha=0.55)
    # As vectors the narrow valleys take most of a megabyte.
    shades.set_rasterized(True)
    panel.set(xlim=(left, right), ylim=(bottom, top))
