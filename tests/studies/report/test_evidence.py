"""What a report says where seeds agree, repeat each other, or shift what is common to rules."""

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from gofau_studies.landscape.landscape import Landscape, OutcomeCode
from gofau_studies.metrics.scalar import ALIKE
from gofau_studies.render import html, markdown
from gofau_studies.report import AnalysisSettings, Provenance, SpecSummary, build
from gofau_studies.report.levels import best_costs
from gofau_studies.report.model import RobustnessReport, Strength
from gofau_studies.report.row import Context
from gofau_studies.report.rows import ROWS
from gofau_studies.statistics.bootstrap import seed_counts
from gofau_studies.statistics.intervals import agreed, expanded_level, percentile, wilson
from tests.studies.refine.test_refine import with_added
from tests.studies.statistics.test_replicates import doubled

SPEC = SpecSummary(name="n", spec_hash="h")
BY = Provenance(code_version="1", machine="m", analysed_at=datetime(2026, 1, 1, tzinfo=UTC))
AT = "digits-mlp/sgd"


def analysed(members, **settings) -> RobustnessReport:
    chosen = AnalysisSettings(**({"resamples": 400} | settings))
    return build(members, SPEC, BY, np.random.default_rng(0), chosen)


def with_edges(made: Landscape, edges: list[float]) -> Landscape:
    """The landscape where seed s diverges beyond the learning rate ``edges[s]``."""
    gone = np.broadcast_to(np.log10(made.lr)[:, None, None] > np.array(edges), made.shape)
    outcome = np.where(gone, OutcomeCode.DIVERGED, OutcomeCode.BUDGET_EXHAUSTED)
    loss = np.where(gone, np.nan, np.nan_to_num(made.loss, nan=3.0))
    return dataclasses.replace(made, loss=loss, outcome=outcome.astype(np.int8))


class TestRates:
    def test_no_divergence_in_ten_seeds_has_wilsons_upper_end_over_seeds(self, bowl):
        report = analysed([bowl(noise=0.02, seeds=10, edge=99)])
        rate = report.numbers[f"{AT}/additive/divergence_rate"]
        assert (rate.value, rate.low, rate.high) == pytest.approx((0, 0, 0.2775), abs=5e-5)

    def test_all_at_the_target_has_the_lower_end(self, bowl):
        report = analysed([bowl(noise=0.001, seeds=10, best=-1.0, width=99, edge=99)])
        rate = report.numbers[f"{AT}/additive/success_rate"]
        assert (rate.value, rate.low, rate.high) == pytest.approx((1, 0.7225, 1), abs=5e-5)

    def test_the_interval_is_that_of_whole_seeds(self, bowl):
        edges = [-2.2, -1.7, -1.2, -0.7, -0.2, 0.3, 0.8, 0.3]
        made = with_edges(bowl(noise=0.02, seeds=8, edge=99), edges)
        report = analysed([made])
        rate = report.numbers[f"{AT}/additive/divergence_rate"]
        weights = np.r_[0.5, np.ones(9), 0.5] / 10
        x = np.log10(made.lr)
        each = np.array([weights[x > edge].sum() for edge in edges])
        counts = seed_counts(8, 400, np.random.default_rng(0))
        low, high = percentile(counts @ each / 8, expanded_level(8))
        assert (rate.value, rate.low, rate.high) == pytest.approx((each.mean(), low, high))

    def test_rates_that_every_seed_shares_differ_by_a_bounded_amount(self, bowl):
        one = bowl("additive", noise=0.02, seeds=10, edge=0.5)
        other = bowl("hybrid", noise=0.02, seeds=10, edge=1.5, seed=1)
        report = analysed([one, other])
        c = next(c for c in report.groups[0].comparisons if c.metric == "divergence_rate")
        assert c.p_value == pytest.approx(2 / 1024)
        assert c.strength is Strength.SHOWN
        d = c.difference
        assert d.value < d.high < 0
        assert d.high == pytest.approx(d.value * (1 - 0.2775), abs=1e-4)
        assert d.low == pytest.approx(d.value - 0.2775 * (1 + d.value), abs=1e-4)

    def test_equal_rates_differ_by_no_more_than_seeds_may_hide(self, bowl):
        report = analysed(
            [bowl(rule, noise=0.02, seeds=10, seed=k) for k, rule in enumerate("ab")], baseline="a"
        )
        c = next(c for c in report.groups[0].comparisons if c.metric == "divergence_rate")
        assert (c.difference.low, c.difference.high) == pytest.approx((-0.2775, 0.2775), abs=5e-5)
        assert c.strength is Strength.NOT_SHOWN
        assert c.p_value == 1

    def test_bounds_meet_wilson_at_both_ends(self):
        assert agreed(0.0, (0, 1), 10) == pytest.approx(wilson(0, 10))
        assert agreed(1.0, (0, 1), 10) == pytest.approx(wilson(10, 10))


class TestLevels:
    def test_the_common_level_is_drawn_anew_in_every_joint_resample(self, bowl):
        members = [
            bowl("additive", noise=0.1, seeds=8),
            bowl("hybrid", noise=0.1, seeds=8, best=0.2, seed=1),
        ]
        found = analysed(members).numbers[f"{AT}/hybrid/shared_basin_volume"]
        counts = seed_counts(8, 400, np.random.default_rng(0))
        row = next(row for row in ROWS if row.name == "shared_basin_volume")
        samples = []
        for draw in counts:
            best = min(float(best_costs(m, draw[None])[0]) for m in members)
            tolerance = 0.1 * (members[0].cap - best)
            samples.append(row.evaluate(members[1], draw[None], Context(tolerance, best))[0])
        assert (found.low, found.high) == pytest.approx(
            percentile(np.array(samples), expanded_level(8))
        )

    def test_the_level_on_each_seed_is_that_seeds_own(self, bowl):
        """Else a pair's difference holds what another pair's seeds did to the level."""
        quiet, loud = bowl("additive", seeds=8, noise=1e-6), bowl("hybrid", seeds=8, noise=1e-6)
        shift = np.linspace(-0.05, 0.05, 8)
        moved = [dataclasses.replace(m, loss=m.loss + shift) for m in (quiet, loud)]
        report = analysed(moved, tolerance=0.2)
        basin = report.numbers[f"{AT}/additive/shared_basin_volume"]
        # Every seed's map is the same but for a constant, so the basin is, too.
        assert basin.high - basin.low < 1e-3
        fixed = report.numbers[f"{AT}/additive/basin_volume"]
        assert (basin.low, basin.high) == pytest.approx((fixed.low, fixed.high), abs=1e-3)

    def test_a_refined_best_is_the_level_of_both_basins(self, bowl):
        made = with_added(bowl(noise=0.02, points=(7, 5)), 200)
        numbers = analysed([made]).numbers
        own, shared = (numbers[f"{AT}/additive/{n}_volume"] for n in ("basin", "shared_basin"))
        assert (shared.value, shared.low, shared.high) == (own.value, own.low, own.high)

    def test_a_common_level_at_the_cap_leaves_no_basin(self, bowl):
        report = analysed([bowl(noise=0.02)], tolerance=5.0)
        for name in ("basin_volume", "shared_basin_volume"):
            assert report.numbers[f"{AT}/additive/{name}"].value is None


class TestRepeats:
    @pytest.fixture
    def copies(self, bowl):
        """Ten seeds that a deterministic problem does not tell apart."""
        return [bowl("additive", seeds=10), bowl("hybrid", width=2.0, seeds=10)]

    def test_a_problem_without_noise_is_one_seeds_worth_of_evidence(self, copies):
        report = analysed(copies)
        for name, number in report.numbers.items():
            assert (number.low, number.high, number.n_seeds) == (None, None, 1), name
            assert "one seed's worth of evidence" in number.reason or number.value is None
        for c in report.groups[0].comparisons:
            assert (c.p_value, c.p_holm, c.strength) == (None, None, Strength.WITHHELD)
        assert report.numbers[f"{AT}/additive/best"].value == pytest.approx(0.1)
        for curve in report.groups[0].curves:
            if curve.kind != "steps_by_lr":
                assert set(curve.low) == {None}

    def test_it_is_said_in_words_wherever_a_report_is_read(self, copies):
        report = analysed(copies)
        (verdict,) = report.verdicts
        assert "not compared (all 10 seeds gave the same results bit by bit" in verdict.text
        note = "digits-mlp, sgd, additive and hybrid: 10 seeds gave 1 result"
        assert any(said.startswith(note) for said in report.notes)
        # More seeds would not help, so none are asked for.
        assert not any("use 5 or more" in said for said in report.notes)
        page, text = html.render(report, copies), markdown.render(report)
        assert note in page
        assert note in text
        assert "10 seeds, 1 distinct" in page

    def test_numbers_are_those_of_one_seed(self, copies):
        alone = [one.with_seeds([0]) for one in copies]
        many, few = analysed(copies).numbers, analysed(alone).numbers
        assert {k: v.value for k, v in many.items() if "/best_held" not in k} == {
            k: v.value for k, v in few.items()
        }

    def test_pairs_of_copies_count_once(self, bowl):
        members = [
            bowl(rule, noise=0.02, seeds=16, width=w, seed=k)
            for k, (rule, w) in enumerate((("additive", 1.0), ("hybrid", 2.0)))
        ]
        half = [m.with_seeds(range(0, 16, 2)) for m in members]
        found, true = analysed([doubled(m) for m in members]), analysed(half)
        assert found.numbers == true.numbers
        assert found.groups[0].comparisons == true.groups[0].comparisons
        assert found.groups[0].rules[0].repeats == tuple(range(1, 16, 2))
        assert any("16 seeds gave 8 results" in note for note in found.notes)

    def test_one_rules_copies_pair_with_nobody(self, bowl):
        report = analysed([bowl("additive", seeds=8), bowl("hybrid", noise=0.02, seeds=8)])
        for c in report.groups[0].comparisons:
            assert c.strength is Strength.WITHHELD
            assert "8 seeds of additive gave 1 result" in (c.difference.reason or "")
        assert report.numbers[f"{AT}/hybrid/best"].n_seeds == 8
        assert report.numbers[f"{AT}/hybrid/best"].low is not None

    def test_a_number_that_no_seed_touches_has_no_interval_and_no_p(self, bowl):
        """Seeds differ in a few bad cells alone, hence not in the best one."""
        members = []
        for k, rule in enumerate(("additive", "hybrid")):
            made = bowl(rule, seeds=8, best=0.1 + 0.05 * k)
            loss = made.loss.copy()
            loss[0] += 0.1 * np.random.default_rng(k).random((9, 8))
            members.append(dataclasses.replace(made, loss=loss))
        report = analysed(members)
        best = report.numbers[f"{AT}/additive/best"]
        assert (best.n_seeds, best.low, best.reason) == (8, None, ALIKE)
        c = next(c for c in report.groups[0].comparisons if c.metric == "best")
        assert (c.p_value, c.strength) == (None, Strength.WITHHELD)
        sensitive = report.numbers[f"{AT}/additive/lr_sensitivity"]
        assert sensitive.low < sensitive.value < sensitive.high

    def test_everything_diverged_is_evidence_of_every_seed(self, bowl):
        made = bowl("additive", seeds=10)
        dead = dataclasses.replace(
            made,
            loss=np.full(made.shape, np.nan),
            outcome=np.full(made.shape, OutcomeCode.DIVERGED, dtype=np.int8),
        )
        report = analysed([dead, bowl("hybrid", noise=0.02, seeds=10)])
        rate = report.numbers[f"{AT}/additive/divergence_rate"]
        assert (rate.low, rate.high) == pytest.approx((0.7225, 1), abs=5e-5)
        c = next(c for c in report.groups[0].comparisons if c.metric == "divergence_rate")
        assert c.strength is Strength.SHOWN

    def test_problems_of_one_and_of_many_seeds_are_not_pooled(self, bowl):
        members = [bowl(problem="p", seeds=6), bowl(problem="q", seeds=6, noise=0.02)]
        (over,) = analysed(members).across
        assert "do not repeat each other" in (over.rules[0].scalars["iqm"].reason or "")
