"""Every number of a report, in each of its forms, says which way it is better and its unit."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from gofau.catalog import SHARE
from gofau_studies.figures.map_view import map_view
from gofau_studies.landscape.landscape import GoalMetric, Landscape, LandscapeError
from gofau_studies.metrics.facts import OUTCOMES, RESULTS
from gofau_studies.metrics.scalar import Scalar
from gofau_studies.render import html, markdown
from gofau_studies.report import AnalysisSettings, Provenance, SpecSummary, build
from gofau_studies.report.directions import judged
from gofau_studies.report.model import CurveKind, RobustnessReport, Strength
from gofau_studies.report.rows import ACROSS_ROWS, ROBUSTNESS, ROWS
from tests.studies.conftest import bowl

FAST = AnalysisSettings(resamples=200)
PROVENANCE = Provenance(code_version="1", machine="m", analysed_at=datetime(2026, 1, 1, tzinfo=UTC))
SCORE = GoalMetric("val_accuracy", target=0.8)
WAYS = {"lower", "higher", "neither"}


def scored(made: Landscape) -> Landscape:
    """The same map as an accuracy."""
    fields = {k: getattr(made, k) for k in ("key", "lr", "init_scale", "seeds", "outcome")}
    steps = made.steps_to_target
    return Landscape(**fields, goal=SCORE, loss=1 - made.loss / 3, cap=0.0, steps_to_target=steps)


def reported(members: list[Landscape]) -> RobustnessReport:
    summary = SpecSummary(name="n", spec_hash="h")
    return build(members, summary, PROVENANCE, np.random.default_rng(0), FAST)


@pytest.fixture(scope="module", params=["loss", "score"])
def members(request: pytest.FixtureRequest) -> list[Landscape]:
    rules = {"additive": 1.0, "hybrid": 2.0}
    made = [
        bowl(rule, problem=problem, seeds=8, noise=0.02, width=width)
        for problem in ("p", "q")
        for rule, width in rules.items()
    ]
    return made if request.param == "loss" else [scored(one) for one in made]


@pytest.fixture(scope="module")
def report(members: list[Landscape]) -> RobustnessReport:
    return reported(members)


def parts(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping of a JSON document with its place."""
    if isinstance(value, dict):
        yield path, value
        for key, part in value.items():
            yield from parts(part, f"{path}/{key}")
    elif isinstance(value, list):
        for k, part in enumerate(value):
            yield from parts(part, f"{path}/{k}")


def test_every_number_of_the_json_carries_direction_and_unit(report: RobustnessReport) -> None:
    found = dict(parts(json.loads(report.to_json())))
    scalars = {path: part for path, part in found.items() if "coverage" in part}
    curves = {path: part for path, part in found.items() if "kind" in part}
    groups = {path: part for path, part in found.items() if "goal_metric" in part}
    assert len(scalars) > 100
    assert {part["kind"] for part in curves.values()} >= {
        kind.value for kind in CurveKind if kind is not CurveKind.LEARNING
    }
    assert len(groups) == 2
    for path, part in scalars.items():
        name = path.rsplit("/", 1)[1]
        name = found[path.removesuffix("/difference")]["metric"] if name == "difference" else name
        assert part["better"] in WAYS, path
        better, unit = ROBUSTNESS[name]
        own = "lower" if report.groups[0].minimize else "higher"
        assert part["better"] == (own if better == "goal" else better), path
        if part["value"] is not None and unit:
            assert part["unit"], path
    for path, part in curves.items():
        assert part["better"] in ("lower", "higher"), path
        assert part["unit"], path
    for path, part in groups.items():
        assert isinstance(part["minimize"], bool), path
        assert part["goal_unit"] == (SHARE if part["goal_metric"] == "val_accuracy" else ""), path


def test_the_tables_name_every_number_of_a_report_and_no_other() -> None:
    named = {row.name for row in ROWS} | {name for name, *_ in ACROSS_ROWS}
    assert named == set(ROBUSTNESS)
    for better, _ in (*ROBUSTNESS.values(), *RESULTS.values(), *OUTCOMES.values()):
        assert better in WAYS | {"goal"}


def test_every_row_that_is_compared_is_better_one_way() -> None:
    """A verdict calls a difference better or worse, so it must know which."""
    for row in ROWS:
        if row.more:
            assert ROBUSTNESS[row.name][0] != "neither", row.name


@pytest.mark.parametrize(
    ("value", "better", "word"),
    [
        (1.0, "lower", "worse"),
        (-1.0, "lower", "better"),
        (1.0, "higher", "better"),
        (-1.0, "higher", "worse"),
        (float("inf"), "lower", "worse"),
        (float("-inf"), "lower", "better"),
        (0.0, "lower", ""),
        (None, "lower", ""),
        (1.0, "neither", ""),
    ],
)
def test_a_difference_is_judged_by_its_sign(value: float | None, better: Any, word: str) -> None:
    assert judged(Scalar(value=value, coverage=1.0, n_seeds=3, better=better)) == word


def test_markdown_and_page_print_it_beside_every_number(
    report: RobustnessReport, members: list[Landscape]
) -> None:
    text, page = markdown.render(report), html.render(report, members)
    own = "lower" if report.groups[0].minimize else "higher"
    metric = report.groups[0].goal_metric
    escaped = metric.replace("_", "\\_")
    assert f"{escaped} ({own} is better), target" in text
    rows = {line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if "|" in line}
    unit = "in percent" if own == "higher" else f"in {escaped}"
    assert f"Best ({own} is better, {unit})" in rows
    assert "Basin width (higher is better, in decades of lr)" in rows
    assert f"lr sensitivity (lower is better, {unit})" in rows
    assert "Diverged (lower is better, in percent)" in rows
    for row in ROWS:
        if any(row.name in rule.scalars for rule in report.groups[0].rules):
            [line] = [one for one in rows if one == row.title or one.startswith(f"{row.title} (")]
            assert "better" in line or ROBUSTNESS[row.name][0] == "neither"
    assert page.count(f"; {own} is better") > 2
    assert "mean over seeds; " in page
    assert f"{metric} ({own} is better)" in page
    shown = [c for g in report.groups for c in g.comparisons if c.strength is Strength.SHOWN]
    assert shown
    assert page.count("shown: better") + page.count("shown: worse") >= len(shown)
    assert text.count("shown: better") + text.count("shown: worse") == len(shown)


def test_verdicts_say_better_or_worse(report: RobustnessReport) -> None:
    claims = [
        clause
        for verdict in report.verdicts
        for clause in verdict.clauses
        if clause.strength in (Strength.SHOWN, Strength.SUGGESTED)
    ]
    assert claims
    for clause in claims:
        assert "which is better" in clause.text or "which is worse" in clause.text, clause.text


def test_a_map_is_labelled(members: list[Landscape]) -> None:
    view = map_view(members[0], 0.1)
    own = "lower" if members[0].goal.minimize else "higher"
    assert view.label == f"{members[0].goal.metric} ({own} is better)"


def test_a_goal_metric_takes_its_direction_from_the_catalog_or_needs_one() -> None:
    assert (SCORE.minimize, SCORE.unit, SCORE.sign) == (False, SHARE, -1.0)
    assert (GoalMetric("val_loss").minimize, GoalMetric("val_loss").unit) == (True, "")
    assert GoalMetric("mine", minimize=False).unit == ""
    with pytest.raises(LandscapeError, match="minimize of mine: got None, expected minimize=True"):
        GoalMetric("mine")
