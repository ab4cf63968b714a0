"""Robustness reports: built from landscapes, rendered as JSON, Markdown and HTML."""

from studies.report.assemble import build
from studies.report.model import AnalysisSettings, Provenance, RobustnessReport, SpecSummary

__all__ = ["AnalysisSettings", "Provenance", "RobustnessReport", "SpecSummary", "build"]
