"""Writes print figures as SVG or PDF, the same bytes for the same figure."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

FORMATS = (".svg", ".pdf")


def literal(text: str) -> str:
    """``text`` with dollars escaped, so that matplotlib reads no formula into it."""
    return text.replace("$", r"\$")


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` to ``path``, whose suffix names the format.

    Text stays text (SVG) or becomes embedded TrueType (PDF), as journals ask.

    Raises:
        ValueError: the suffix is neither ``.svg`` nor ``.pdf``.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"path: got suffix {path.suffix!r}, expected one of {', '.join(FORMATS)}")
    fixed = {"Date": None} if path.suffix == ".svg" else {"CreationDate": None}
    with mpl.rc_context({"svg.hashsalt": "gofau", "svg.fonttype": "none", "pdf.fonttype": 42}):
        figure.savefig(path, metadata=fixed)
