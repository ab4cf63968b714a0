"""Every number of a report against plain NumPy on the trials that the service exports."""

import json
import re
from typing import Any

import pytest

from gofau_studies.render.overview import overview
from gofau_studies.report.model import Clause, number_id
from tests.studies.report.made import STUDIES, Made
from tests.studies.report.recomputed import Again

WORDS = {"strength", "bound", "censored"}
"""Words and names that follow from numbers, and are worked out as well."""

ELSEWHERE = (
    (
        r"groups\.\d+\.importances\.",
        "a forest's estimates: tests/studies/importance/test_estimates.py",
    ),
    (r"(groups|across)\.\d+\.(curves|profiles)\.\d+\.cell", "no training was measured"),
    (r"(groups|across)\.\d+\.charts\.", "curves again: tests/studies/report/test_charts.py"),
    (r"groups\.\d+\.comparisons\.\d+\.difference\.(censored|bound)", "words of both sides"),
    (r"across\..*\.(censored|bound)", "aggregates touch no border"),
    (r"(across|groups)\..*\.reason", "words"),
    (r"provenance\.", "what ran, and nothing that came of it"),
)
"""Leaves that nobody works out here, and why."""


def leaves(part: Any, at: str = "") -> dict[str, Any]:
    """Every number, every absent one, and the words that follow from numbers, by path."""
    if isinstance(part, dict):
        found: dict[str, Any] = {}
        for name, value in part.items():
            here = f"{at}.{name}" if at else name
            if name in WORDS:
                found[here] = tuple(value) if isinstance(value, list) else value
            else:
                found |= leaves(value, here)
        return found
    if isinstance(part, list | tuple):
        return {k: v for i, p in enumerate(part) for k, v in leaves(p, f"{at}.{i}").items()}
    is_number = not isinstance(part, bool) and isinstance(part, int | float | None)
    is_number |= part in ("inf", "-inf", "nan")
    return {at: part} if is_number else {}


def differences(said: dict[str, Any], found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Leaves on which a report and its numbers worked out again disagree."""
    wrong = {}
    for at, value in said.items():
        again = found.get(at, "nobody works this out")
        if isinstance(again, str | tuple) or again is None or value is None:
            same = value == again
        else:
            same = float(value) == pytest.approx(float(again), rel=1e-7, abs=1e-9)
        if not same:
            wrong[at] = (value, again)
    return wrong


@pytest.mark.parametrize("name", STUDIES)
def test_every_number_of_a_report(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Made(STUDIES[name], tmp_path, monkeypatch)
    again = Again(made)
    said = leaves(json.loads(made.report.to_json()))
    mine = {
        at: value
        for at, value in said.items()
        if not any(re.fullmatch(f"{pattern}.*", at) for pattern, _ in ELSEWHERE)
        and not (at.endswith((".bound", ".censored")) and at not in again.found and not value)
    }
    for i, verdict in enumerate(made.report.verdicts):
        for j, clause in enumerate(verdict.clauses):
            again.found[f"verdicts.{i}.clauses.{j}.strength"] = _strength(made, again, clause)
    assert len(mine) > 800
    assert differences(mine, again.found) == {}
    assert set(again.found) <= set(said)
    _check_overview(made, again)


def _strength(made: Made, again: Again, clause: Clause) -> str:
    """How well the number that a clause names is supported."""
    for i, group in enumerate(made.report.groups):
        for k, c in enumerate(group.comparisons):
            pair = f"{c.rule} vs {c.baseline}"
            if clause.number == number_id(group.problem, group.direction, pair, c.metric):
                return again.found_by[f"groups.{i}.comparisons.{k}"][1]
    raise AssertionError(f"no comparison {clause.number}")


def _check_overview(made: Made, again: Again) -> None:
    """The overview's cells hold the rules' numbers, rounded to three digits."""
    whole = overview(made.report.groups)
    if whole is None:
        return
    columns = {"basin": "basin_volume", "diverged": "divergence_rate", "best": "best"}
    for i, line in enumerate(whole.lines):
        for j, cell in enumerate(line.cells):
            for text in cell:
                title, number = re.match(r"(\w+) (?:[≤≥] )?([\d.e−+]+)", text).groups()
                value = again.found[f"groups.{i}.rules.{j}.scalars.{columns[title]}.value"]
                scale = 100 if title == "diverged" else 1
                assert float(number.replace("−", "-")) == pytest.approx(scale * value, rel=6e-3)
