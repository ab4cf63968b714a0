"""Odd studies still give a report, a page and a Markdown text."""

import dataclasses
import re
from datetime import UTC, datetime

import numpy as np
import pytest

from gofau_studies.landscape.landscape import OutcomeCode
from gofau_studies.render import html, markdown
from gofau_studies.report import AnalysisSettings, Provenance, RobustnessReport, SpecSummary, build

PROVENANCE = Provenance(code_version="1", machine="m", analysed_at=datetime(2026, 1, 1, tzinfo=UTC))


def emptied(made, keep=None):
    """``made`` without results, but for those where ``keep`` holds."""
    gone = np.ones(made.shape, dtype=bool) if keep is None else ~keep
    return dataclasses.replace(
        made,
        loss=np.where(gone, np.nan, made.loss),
        outcome=np.where(gone, OutcomeCode.MISSING, made.outcome).astype(np.int8),
    )


def exploded(made):
    return dataclasses.replace(
        made,
        loss=np.full(made.shape, np.nan),
        outcome=np.full(made.shape, OutcomeCode.NONFINITE, dtype=np.int8),
        steps_to_target=np.full(made.shape, np.inf),
    )


ODD = {
    "target out of reach of both": lambda b: [b("a", best=1.0), b("b", best=1.1)],
    "target out of reach of one": lambda b: [b("a", best=1.0), b("b", noise=0.02)],
    "no results at all": lambda b: [emptied(b("a")), emptied(b("b"))],
    "one rule without results": lambda b: [b("a"), emptied(b("b"))],
    "everything diverged": lambda b: [exploded(b("a")), exploded(b("b"))],
    "one rule diverged everywhere": lambda b: [b("a"), exploded(b("b"))],
    "a single cell": lambda b: [b("a", points=(1, 1)), b("b", points=(1, 1), best=0.2)],
    "learning rates only": lambda b: [b("a", points=(11, 1)), b("b", points=(11, 1), width=2)],
    "init scales only": lambda b: [b("a", points=(1, 9)), b("b", points=(1, 9), width=2)],
    "two by two": lambda b: [b("a", points=(2, 2)), b("b", points=(2, 2), width=2)],
    "one seed": lambda b: [b("a", seeds=1), b("b", seeds=1, width=2)],
    "two seeds": lambda b: [b("a", seeds=2, noise=0.1), b("b", seeds=2, noise=0.1, seed=1)],
    "many seeds": lambda b: [b("a", seeds=40, noise=0.1), b("b", seeds=40, noise=0.1, seed=1)],
    "holes": lambda b: [b("a", missing=0.08), b("b", missing=0.08, seed=1)],
    "a seed that never ran": lambda b: [
        emptied(b("a", seeds=12), np.arange(12) * np.ones((11, 9, 1)) < 11),
        b("b", seeds=12),
    ],
    "two problems, one without results": lambda b: [b("a"), emptied(b("a", problem="q"))],
}


@pytest.mark.parametrize("name", ODD)
def test_odd_studies(name, bowl):
    members = ODD[name](bowl)
    spec = SpecSummary(name=name, spec_hash="h")
    settings = AnalysisSettings(resamples=150)
    report = build(members, spec, PROVENANCE, np.random.default_rng(0), settings)
    assert report.verdicts
    for number in report.numbers.values():
        assert (number.value is None) <= (number.reason is not None)
        assert number.value is None or not np.isnan(number.value)
    assert RobustnessReport.from_json(report.to_json()) == report
    page, text = html.render(report, members), markdown.render(report)
    for said in (page, text):
        assert re.search(r"\bnan\b", said.lower()) is None
        assert "None" not in said
