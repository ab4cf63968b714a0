"""Robustness reports: built from landscapes, rendered as JSON, Markdown and HTML."""

from studies.report.assemble import build
from studies.report.model import AnalysisSettings, Provenance, RobustnessReport, SpecSummary
from studies.report.together import together

__all__ = [
    "AnalysisSettings",
    "Provenance",
    "RobustnessReport",
    "SpecSummary",
    "build",
    "together",
]
