"""Writes print figures as SVG, PDF or PNG, the same bytes for the same figure."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from gofau_studies.figures.font import with_font

UNDATED: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
    ".png": {"Software": None},
}
"""What would make two files of one figure differ, by suffix."""

DPI = 300
"""Dots an inch of a PNG."""


def literal(text: str) -> str:
    """``text`` with dollars escaped, so that matplotlib reads no formula into it."""
    return text.replace("$", r"\$")


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` to ``path``, whose suffix names the format.

    Text stays text, in a font that the file carries: WOFF in an SVG, TrueType in a PDF.

    Raises:
        ValueError: the suffix is not one of `UNDATED`.
    """
    if path.suffix not in UNDATED:
        raise ValueError(f"path: got suffix {path.suffix!r}, expected one of {', '.join(UNDATED)}")
    with mpl.rc_context({"svg.hashsalt": "gofau", "svg.fonttype": "none", "pdf.fonttype": 42}):
        figure.savefig(path, metadata=UNDATED[path.suffix], dpi=DPI)
    if path.suffix == ".svg":
        path.write_text(with_font(path.read_text("utf-8")), "utf-8")
