"""What the terminal says of a report over several groups."""

import dataclasses
import io
from datetime import UTC, datetime

import numpy as np
import pytest
from rich.console import Console

from gofau_service.answers import Trial
from gofau_service.cli.tables import print_report, trials_table
from gofau_studies.landscape.landscape import LandscapeKey
from gofau_studies.protocol.trial_facts import FACTS
from gofau_studies.render.overview import overview
from gofau_studies.report import AnalysisSettings, Provenance, RobustnessReport, SpecSummary, build
from tests.studies.conftest import bowl

FAST = AnalysisSettings(resamples=200)
PROVENANCE = Provenance(code_version="1", machine="m", analysed_at=datetime(2026, 1, 1, tzinfo=UTC))


def reported(*directions: str) -> RobustnessReport:
    """Two rules under each direction; the hybrid's basin is the wider one."""
    rules = (bowl("additive", seeds=10, noise=0.02), bowl("hybrid", seeds=10, noise=0.02, width=2))
    members = [
        dataclasses.replace(made, key=LandscapeKey("p", direction, made.key.rule))
        for direction in directions
        for made in rules
    ]
    summary = SpecSummary(name="n", spec_hash="h")
    return build(members, summary, PROVENANCE, np.random.default_rng(0), FAST)


def printed(report: RobustnessReport) -> list[str]:
    console = Console(file=io.StringIO(), width=200)
    print_report(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.fixture(scope="module")
def two() -> RobustnessReport:
    return reported("sgd", "adam")


def test_the_overview_comes_first_with_a_line_a_group(two: RobustnessReport) -> None:
    whole = overview(two.groups)
    assert whole is not None
    lines = printed(two)
    at = [
        lines.index(next(text for text in lines if text.strip().startswith(start)))
        for start in (line.name for line in whole.lines)
    ]
    shown = next(k for k, text in enumerate(lines) if text.strip().startswith("Shown"))
    legend = next(k for k, text in enumerate(lines) if text.startswith(whole.legend[:60]))
    assert legend > shown > at[1] > at[0]
    assert two.verdicts[0].subject in lines[legend + 1 :]


def test_the_overview_says_what_the_other_forms_say(two: RobustnessReport) -> None:
    whole = overview(two.groups)
    assert whole is not None
    text = "\n".join(printed(two))
    for cells in (*(line.cells for line in whole.lines), whole.totals):
        assert [said for cell in cells for said in cell if said not in text] == []
    assert "(larger)" in text
    assert "basin larger in 2, smaller in 0 of 2" in text


def test_one_group_has_no_overview() -> None:
    lines = printed(reported("sgd"))
    assert not [text for text in lines if text.strip().startswith(("Shown", "In brackets"))]


def test_each_column_of_a_rules_table_says_which_way_is_better(two: RobustnessReport) -> None:
    lines = printed(two)
    head = " ".join(line for line in lines if "is better" in line)
    assert "(val_loss, lower is better; 95 % intervals)" in head
    of_columns = [line for line in lines if "95 % intervals" not in line]
    assert any(line.count("lower is better") == 2 for line in of_columns)
    assert any("higher is better" in line for line in of_columns)


def test_the_values_of_trials_say_it_too() -> None:
    console = Console(file=io.StringIO(), width=200)
    console.print(trials_table([], {"metric": "val_accuracy", "minimize": False}))
    assert isinstance(console.file, io.StringIO)
    assert "val_accuracy" in console.file.getvalue()
    assert "higher is better" in console.file.getvalue()


def test_counts_of_a_trial_are_whole() -> None:
    nothing = dict.fromkeys(FACTS)
    known = {"index": 7, "problem": "p", "direction": "d", "rule": "r", "point": {"lr": 0.1}}
    said = {"seed": 0, "state": "completed", "attempts": 1, "value": 0.123456, "steps": 12_345}
    trial = Trial.model_validate(nothing | known | said)
    console = Console(file=io.StringIO(), width=200)
    console.print(trials_table([trial], {"metric": "val_loss", "minimize": True}, ["steps"]))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().split()[-2:] == ["0.1235", "12345"]
