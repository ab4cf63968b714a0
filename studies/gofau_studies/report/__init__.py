"""Robustness reports: built from landscapes, rendered as JSON, Markdown and HTML."""

from gofau_studies.report.assemble import build
from gofau_studies.report.model import AnalysisSettings, Provenance, RobustnessReport, SpecSummary
from gofau_studies.report.together import together

__all__ = [
    "AnalysisSettings",
    "Provenance",
    "RobustnessReport",
    "SpecSummary",
    "build",
    "together",
]
