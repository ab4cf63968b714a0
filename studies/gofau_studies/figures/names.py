"""The kinds of figures that a study may have, and the widths that journals print."""

from enum import StrEnum
from importlib.resources import files

COLUMN = 3.4
"""Inches of one column of a two-column page."""

PAGE = 7.0
"""Inches of both columns."""

HEATMAP, FROZEN = "heatmap", "frozen"
"""Maps of the goal metric, and of the share of parameters that a rule cannot move."""


def figure_names() -> tuple[str, ...]:
    """The maps, and every chart of `gofau_studies.report.charts`.

    Read off the folder, since whoever asks for help need not wait for an import of the analysis.
    """
    folder = files("gofau_studies").joinpath("report", "charts")
    stems = (one.name.removesuffix(".py") for one in folder.iterdir() if one.name.endswith(".py"))
    return (HEATMAP, FROZEN, *sorted(stem for stem in stems if stem != "__init__"))


class FigureFormat(StrEnum):
    """File formats of a figure."""

    SVG = "svg"
    PDF = "pdf"
    PNG = "png"
