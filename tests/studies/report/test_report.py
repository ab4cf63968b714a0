import dataclasses
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest
from pydantic import ValidationError

from gofau_studies.landscape.landscape import GoalMetric, LandscapeError, OutcomeCode
from gofau_studies.metrics.scalar import ALIKE
from gofau_studies.render import html, markdown
from gofau_studies.report import AnalysisSettings, Provenance, RobustnessReport, SpecSummary, build
from gofau_studies.report.model import Strength
from gofau_studies.report.rows import ROWS

SPEC = SpecSummary(name="digits", spec_hash="abc", settings={"epochs": "20"})
PROVENANCE = Provenance(
    code_version="1.2",
    packages={"numpy": "2"},
    machine="m",
    analysed_at=datetime(2026, 1, 1, tzinfo=UTC),
)
FAST = AnalysisSettings(resamples=300)


def analysed(members, settings=FAST, spec=SPEC, seed=0):
    return build(members, spec, PROVENANCE, np.random.default_rng(seed), settings)


@pytest.fixture
def members(bowl):
    return [
        bowl("additive", noise=0.02, seeds=10, seed=1),
        bowl("hybrid", width=1.8, slope=0.5, edge=2.0, noise=0.02, seeds=10, seed=2),
    ]


def test_every_scalar_is_complete(members):
    numbers = analysed(members).numbers
    rows = [row for row in ROWS if row.applies(members[0])]
    compared = [row for row in rows if row.more]
    assert len(numbers) == 2 * len(rows) + len(compared)
    for name, s in numbers.items():
        assert s.value is not None
        if s.low is None:
            assert s.reason == ALIKE
            assert name.endswith(("basin_least", "basin_most", "time_to_target"))
            continue
        assert s.low is not None
        assert s.high is not None
        assert s.low <= s.high
        assert s.coverage == pytest.approx(1)
        assert s.n_seeds == 10


def test_a_wider_rule_is_found_and_worded(members):
    report = analysed(members)
    (verdict,) = report.verdicts
    assert verdict.subject == "digits-mlp, sgd · hybrid against additive"
    assert "basin larger by" in verdict.text
    assert "), which is better;" in verdict.text
    assert "diverged less often:" in verdict.text
    by_metric = {c.metric: c for c in report.groups[0].comparisons}
    assert by_metric["basin_volume"].strength is Strength.SHOWN
    assert by_metric["basin_volume"].p_holm == pytest.approx(2 / 1024)


def test_every_claim_points_at_its_number(members):
    report = analysed(members)
    links = [clause.number for v in report.verdicts for clause in v.clauses]
    assert links
    assert set(links) <= set(report.numbers)


def test_equal_rules_show_no_difference(bowl):
    twins = [bowl("additive", noise=0.02, seed=1), bowl("hybrid", noise=0.02, seed=1)]
    (verdict,) = analysed(twins).verdicts
    assert {c.strength for c in verdict.clauses} == {Strength.NOT_SHOWN}
    assert f"no difference shown in basin ({ALIKE})" in verdict.text


def test_five_seeds_suggest_but_do_not_establish(bowl):
    report = analysed([bowl("additive", noise=0.01), bowl("hybrid", width=2, noise=0.01, seed=4)])
    basin = next(c for c in report.groups[0].comparisons if c.metric == "basin_volume")
    assert basin.strength is Strength.SUGGESTED
    assert "suggested only (corrected p = 0.062)" in report.verdicts[0].text
    assert "p = 0.062" in " ".join(report.notes)


def test_a_rule_alone_states_its_numbers(bowl):
    (verdict,) = analysed([bowl("hybrid", noise=0.02)]).verdicts
    assert verdict.subject == "digits-mlp, sgd · hybrid"
    assert {c.strength for c in verdict.clauses} == {Strength.STATED}


def test_low_coverage_withholds_every_scalar(bowl):
    report = analysed([bowl("additive", missing=0.3), bowl("hybrid", missing=0.3, seed=5)])
    assert all(s.value is None for s in report.numbers.values())
    assert "90% are needed" in (next(iter(report.numbers.values())).reason or "")
    assert "Partial results" in report.notes[0]
    (clause,) = report.verdicts[0].clauses
    assert "not compared" in clause.text


def test_one_seed_has_values_without_intervals(bowl):
    report = analysed([bowl("additive", seeds=1), bowl("hybrid", seeds=1, width=2)])
    best = report.numbers["digits-mlp/sgd/additive/best"]
    assert best.value == pytest.approx(0.1)
    assert best.low is None
    assert best.reason == "one seed gives no interval"


def test_different_seeds_are_not_paired(bowl):
    other = dataclasses.replace(bowl("hybrid", noise=0.02), seeds=(5, 6, 7, 8, 9))
    report = analysed([bowl("additive", noise=0.02), other])
    assert all(c.strength is Strength.WITHHELD for c in report.groups[0].comparisons)
    assert "different seeds" in (report.groups[0].comparisons[0].difference.reason or "")


def test_nothing_learnt_defines_no_basin(bowl):
    made = bowl("additive")
    dead = dataclasses.replace(
        made,
        loss=np.full(made.shape, np.nan),
        outcome=np.full(made.shape, OutcomeCode.DIVERGED, dtype=np.int8),
    )
    report = analysed([dead])
    assert report.groups[0].tolerance is None
    assert report.numbers["digits-mlp/sgd/additive/basin_volume"].value is None
    assert report.numbers["digits-mlp/sgd/additive/divergence_rate"].value == 1
    assert "no basin is defined" in " ".join(report.notes)
    assert "Diverged" in html.render(report, [dead])


def test_borders_are_flagged(bowl):
    flat = bowl("additive", width=50.0, edge=100.0)
    report = analysed([flat])
    basin = report.numbers["digits-mlp/sgd/additive/basin_volume"]
    assert basin.bound == "≥"
    assert set(basin.censored) >= {"lr low", "lr high"}
    assert "≥" in markdown.render(report)


def test_scores_to_maximize_keep_their_unit(bowl):
    low = bowl("additive", noise=0.01)
    goal = GoalMetric("val_accuracy", minimize=False)
    high = dataclasses.replace(low, goal=goal, loss=1 - low.loss / 3, cap=0.1)
    report = analysed([high])
    assert report.numbers["digits-mlp/sgd/additive/best"].value == pytest.approx(0.967, abs=0.005)
    assert report.numbers["digits-mlp/sgd/additive/lr_sensitivity"].value > 0
    assert "success_rate" not in report.groups[0].rules[0].scalars


def test_the_same_generator_gives_the_same_report(members):
    assert analysed(members) == analysed(members)


def test_json_round_trip(members):
    report = analysed(members)
    assert RobustnessReport.from_json(report.to_json()) == report


def test_reports_are_frozen(members):
    with pytest.raises(ValidationError, match="frozen"):
        analysed(members).verdicts = ()


def test_what_cannot_be_compared_is_refused(bowl):
    with pytest.raises(LandscapeError, match="landscapes: got none"):
        analysed([])
    with pytest.raises(LandscapeError, match="each key once"):
        analysed([bowl(), bowl()])
    with pytest.raises(LandscapeError, match=r"lr of \S+, sgd, hybrid: .*equal decades and counts"):
        analysed([bowl("additive"), bowl("hybrid", points=(9, 9))])
    with pytest.raises(LandscapeError, match="goal and cap"):
        analysed([bowl("additive"), dataclasses.replace(bowl("hybrid"), cap=9.0)])


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.ids, self.links, self.tags, self.sources = set(), set(), [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        self.ids.add(found.get("id"))
        self.links.add(found.get("href"))
        self.sources.append(found.get("src"))


def test_the_page_is_self_contained_and_its_links_land(members):
    page = Page()
    page.feed(html.render(analysed(members), members))
    links = page.links - {None}
    assert links
    assert all(link.startswith("#") and link[1:] in page.ids for link in links)
    assert "script" not in page.tags
    assert not any(page.sources)
    assert page.tags.count("svg") >= 4


EVIL = "<script>alert(1)</script>"


def test_text_from_users_is_escaped(bowl):
    goal = GoalMetric(EVIL, minimize=True, target=0.3)
    members = [
        bowl(EVIL, problem=EVIL, direction=EVIL, goal=goal),
        bowl("b", problem=EVIL, direction=EVIL, goal=goal),
    ]
    spec = SpecSummary(name=EVIL, spec_hash=EVIL, settings={EVIL: EVIL})
    report = analysed(members, spec=spec)
    page = html.render(report, members)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<script" not in markdown.render(report)


def test_a_page_needs_its_landscapes(members):
    with pytest.raises(LandscapeError, match="none for"):
        html.render(analysed(members), members[:1])


def test_markdown_tables_are_rectangular(members):
    rows = [line for line in markdown.render(analysed(members)).splitlines() if line[:1] == "|"]
    widths = {line.count("|") for line in rows}
    assert len(widths) == 2
    assert markdown.render(analysed(members)).startswith("# Robustness of digits\n")
