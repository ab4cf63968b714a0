"""Curves, aggregates over problems, several studies, wording."""

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from gofau_studies.metrics.scalar import ALIKE, Scalar
from gofau_studies.render import html, markdown
from gofau_studies.report import (
    AnalysisSettings,
    Provenance,
    RobustnessReport,
    SpecSummary,
    build,
    together,
)
from gofau_studies.report.model import CurveKind
from gofau_studies.report.rows import ACROSS_ROWS, ROWS
from gofau_studies.report.wording import interval, number, quantity, setting
from gofau_studies.statistics.bootstrap import seed_counts

SPEC = SpecSummary(name="n", spec_hash="h")
PROVENANCE = Provenance(code_version="1", machine="m", analysed_at=datetime(2026, 1, 1, tzinfo=UTC))


def analysed(members, **settings):
    chosen = AnalysisSettings(**({"resamples": 200} | settings))
    return build(members, SPEC, PROVENANCE, np.random.default_rng(0), chosen)


class TestRows:
    def test_names_are_unique(self):
        assert len({row.name for row in ROWS}) == len(ROWS)

    def test_every_row_takes_a_stack_of_draws(self, bowl):
        from gofau_studies.report.row import Context

        made = bowl(noise=0.05, seeds=6)
        made = dataclasses.replace(made, frozen_fraction=np.full(made.shape, 0.1))
        counts = seed_counts(6, 7, np.random.default_rng(0))
        context = Context(0.2, 0.1)
        for row in ROWS:
            assert row.applies(made)
            together_, alone = row.evaluate(made, counts, context), []
            if row.name == "best_held_out":  # a single draw averages all splits
                assert together_.shape == (7,)
                continue
            alone = [row.evaluate(made, draw[None], context)[0] for draw in counts]
            np.testing.assert_allclose(together_, alone, err_msg=row.name)

    def test_absent_columns_give_no_value(self, bowl):
        from gofau_studies.report.robustness.frozen import frozen
        from gofau_studies.report.robustness.time_to_target import steps_at_fastest
        from gofau_studies.report.row import Context

        bare = dataclasses.replace(bowl(), steps_to_target=None)
        once = np.ones((1, 5))
        assert np.isnan(steps_at_fastest(bare, once, Context(0.2, 0.1)))
        assert np.isnan(frozen(bare, once, Context(0.2, 0.1)))
        names = set(analysed([bare]).groups[0].rules[0].scalars)
        assert not names & {"time_to_target", "frozen_fraction"}


class TestCurves:
    def test_curves_carry_bands(self, bowl):
        group = analysed([bowl("a", noise=0.05), bowl("b", noise=0.05, seed=1)]).groups[0]
        assert len(group.curves) == 6
        for c in group.curves:
            for low, mid, high in zip(c.low, c.value, c.high, strict=True):
                assert low <= mid <= high or c.kind is CurveKind.TUNING

    def test_a_tuning_curve_starts_at_the_grid_mean_and_falls(self, bowl):
        made = bowl(width=3.0, edge=9.0)
        tuning = next(c for c in analysed([made]).groups[0].curves if c.kind is CurveKind.TUNING)
        from gofau_studies.metrics.grid import Grid

        mean = (made.cost.mean(axis=2) * Grid.of(made).weights).sum()
        assert tuning.value[0] == pytest.approx(mean)
        assert (np.diff(tuning.value) < 0).all()

    def test_missing_cells_leave_gaps(self, bowl):
        made = bowl(seeds=1, missing=0.4)
        goal = next(c for c in analysed([made]).groups[0].curves if c.kind is CurveKind.GOAL)
        missing = ~made.present[:, 4, 0]
        assert [v is None for v in goal.value] == missing.tolist()
        assert set(goal.low) == {None}

    def test_targets_never_reached_survive_json(self, bowl):
        report = analysed([bowl(best=1.0)])
        steps = report.numbers["digits-mlp/sgd/additive/time_to_target"]
        assert steps.value == np.inf
        assert RobustnessReport.from_json(report.to_json()) == report
        assert "∞ steps" in markdown.render(report)


class TestAcross:
    @pytest.fixture
    def members(self, bowl):
        return [
            bowl(rule, problem=p, width=w, noise=0.02, seed=k)
            for k, p in enumerate(("p", "q"))
            for rule, w in (("additive", 1.0), ("hybrid", 2.0))
        ]

    def test_every_aggregate_has_an_interval(self, members):
        report = analysed(members)
        (over,) = report.across
        assert over.problems == ("p", "q")
        for rule in over.rules:
            assert set(rule.scalars) == {name for name, *_ in ACROSS_ROWS}
            for name, s in rule.scalars.items():
                assert s.value is not None
                against_itself = (name, rule.rule) == ("probability_of_improvement", "additive")
                if name == "profile_score" or against_itself:
                    assert (s.low, s.reason) == (None, ALIKE)
                    continue
                assert s.low is not None
        assert "all problems/sgd/hybrid/iqm" in report.numbers
        assert "All problems, sgd" in html.render(report, members)
        assert "## All problems, sgd" in markdown.render(report)

    def test_the_baseline_improves_on_itself_half_of_the_time(self, members):
        rules = {r.rule: r.scalars for r in analysed(members).across[0].rules}
        assert rules["additive"]["probability_of_improvement"].value == pytest.approx(0.5)
        assert rules["hybrid"]["probability_of_improvement"].value == 1
        assert rules["hybrid"]["iqm"].value > rules["additive"]["iqm"].value
        assert rules["hybrid"]["optimality_gap"].value < rules["additive"]["optimality_gap"].value

    def test_one_setting_for_equal_problems_costs_nothing(self, bowl):
        twins = [bowl(problem=p) for p in ("p", "q")]
        scalars = analysed(twins).across[0].rules[0].scalars
        assert scalars["hyperparameter_sensitivity"].value == pytest.approx(0, abs=1e-12)

    def test_different_grids_and_seed_counts_say_so(self, bowl):
        other = bowl(problem="q", points=(9, 9), seeds=4, noise=0.01)
        report = analysed([bowl(problem="p", noise=0.01), other])
        scalars = report.across[0].rules[0].scalars
        assert "different grids" in scalars["hyperparameter_sensitivity"].reason
        assert "different numbers of seeds" in scalars["iqm"].reason

    def test_without_steps_there_is_no_profile(self, members):
        bare = [dataclasses.replace(m, steps_to_target=None) for m in members]
        (over,) = analysed(bare).across
        assert over.profiles == ()
        assert "profile_score" not in over.rules[0].scalars

    def test_one_problem_or_no_common_rule_is_not_aggregated(self, bowl):
        assert analysed([bowl()]).across == ()
        assert analysed([bowl("a", problem="p"), bowl("b", problem="q")]).across == ()


def test_several_studies_stand_side_by_side(bowl):
    studies = {"old": [bowl("hybrid", noise=0.02)], "new": [bowl("hybrid", width=2, noise=0.02)]}
    report = analysed(together(studies), baseline="hybrid @ old")
    assert report.verdicts[0].subject == "digits-mlp, sgd · hybrid @ new against hybrid @ old"


class TestWording:
    @pytest.mark.parametrize(
        "value, unit, text",
        [
            (0.1234, "", "0.123"),
            (-1.5, "decades", "−1.5"),
            (0.0, "", "0"),
            (2.5e-7, "", "2.50e−07"),
            (123456.0, "", "1.23e+05"),
            (4321.4, "", "4321"),
            (0.314, "share", "31.4 %"),
            (-0.0512, "percentage points", "−5.12"),
            (float("inf"), "", "∞"),
            (float("-inf"), "", "−∞"),
            (float("nan"), "", "undefined"),
        ],
    )
    def test_numbers(self, value, unit, text):
        assert number(value, unit) == text

    def test_settings(self):
        assert [setting(v) for v in (1e-4, 0.0316227, 10.0, 1e-6)] == [
            "0.0001",
            "0.0316",
            "10",
            "1e−06",
        ]

    def test_quantities(self):
        shown = Scalar(
            value=2.0, low=1.0, high=3.0, coverage=1, n_seeds=5, unit="decades", bound="≥"
        )
        assert quantity(shown) == "≥ 2 decades"
        assert interval(shown) == "1 to 3"
        assert quantity(Scalar.withheld(0.5, 5, "because", "decades")) == "–"
        assert interval(Scalar.withheld(0.5, 5, "because")) == "no interval"


@pytest.mark.parametrize("share, given", [(0.89, False), (0.9, True), (0.9 - 1e-12, True)])
def test_ninety_percent_is_the_limit(share, given):
    assert (Scalar.measured(1.0, None, share, 3).value is not None) == given


def test_a_study_that_grows_ends_at_the_full_report(bowl):
    """Partial results give a report at every stage, and the last one is that of the whole."""
    whole = bowl(noise=0.02, seeds=6)
    order = np.random.default_rng(0).permutation(whole.loss.size)
    shown = []
    for done in (0, 200, 550, whole.loss.size):
        outcome = whole.outcome.copy().ravel()
        outcome[order[done:]] = 0
        outcome = outcome.reshape(whole.shape)
        loss = np.where(outcome == 0, np.nan, whole.loss)
        part = dataclasses.replace(whole, loss=loss, outcome=outcome)
        report = analysed([part])
        shown.append(report.numbers["digits-mlp/sgd/additive/basin_volume"].value is not None)
        assert "Robustness" in html.render(report, [part])
    assert shown == [False, False, True, True]
    assert report == analysed([whole])
