"""The kinds of figures that a study may have, and the widths that journals print."""

from enum import StrEnum

COLUMN = 3.4
"""Inches of one column of a two-column page."""

PAGE = 7.0
"""Inches of both columns."""


class FigureName(StrEnum):
    """What a figure shows."""

    HEATMAP = "heatmap"
    FROZEN = "frozen"
    SENSITIVITY = "sensitivity"
    TUNING = "tuning"
    STEPS = "steps"
    PROFILE = "profile"
    LEARNING = "learning"


class FigureFormat(StrEnum):
    """File formats of a figure."""

    SVG = "svg"
    PDF = "pdf"
    PNG = "png"
