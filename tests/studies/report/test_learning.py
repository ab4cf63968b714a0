"""Learning curves of chosen cells, importances and the overview, in every form of the report."""

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from gofau_studies.landscape.landscape import GoalMetric, LandscapeKey, OutcomeCode
from gofau_studies.render import html, markdown
from gofau_studies.report import AnalysisSettings, Provenance, SpecSummary, build
from gofau_studies.report.learning import MOST_POINTS, Training, learning_curves
from gofau_studies.report.model import CellRole, CurveCell, CurveKind, Importance, Supplement
from gofau_studies.report.shown_cells import ShownCell, shown_cells

SPEC = SpecSummary(name="n", spec_hash="h")
PROVENANCE = Provenance(code_version="1", machine="m", analysed_at=datetime(2026, 1, 1, tzinfo=UTC))
FAST = AnalysisSettings(resamples=200)
LOSS = GoalMetric("val_loss")


def analysed(members, supplements=None):
    return build(members, SPEC, PROVENANCE, np.random.default_rng(0), FAST, supplements=supplements)


def roles(members):
    return {c.cell.role: c.cell for c in shown_cells(members, FAST)}


class TestChosen:
    def test_the_three_cells_of_a_valley(self, bowl):
        found = roles([bowl()])
        assert (found[CellRole.BEST].lr, found[CellRole.BEST].init_scale) == pytest.approx((0.1, 1))
        # 0.3 (x + 1)^2 <= 0.1 (ln 10 - 0.1) up to x = -0.14; the grid has half decades.
        assert found[CellRole.EDGE].lr == pytest.approx(10**-0.5)
        assert found[CellRole.EDGE].init_scale == pytest.approx(1)
        # It diverges beyond x + 1 - z = 1.5; (2, 0) and (1.25, -0.375) ... the nearest is diagonal.
        dead = found[CellRole.DIVERGED]
        assert np.log10(dead.lr) + 1 - np.log10(dead.init_scale) > 1.5

    def test_the_diverged_cell_is_the_nearest_to_the_best(self, bowl):
        made = bowl()
        outcome = np.full(made.shape, OutcomeCode.BUDGET_EXHAUSTED, dtype=np.int8)
        outcome[6, 2], outcome[8, 4], outcome[0, 0] = 3, 3, 3
        loss = np.where(outcome == 3, np.nan, np.nan_to_num(made.loss, nan=2.0))
        best = roles([dataclasses.replace(made, outcome=outcome, loss=loss)])[CellRole.DIVERGED]
        assert (best.lr, best.init_scale) == pytest.approx((10**-1, 10**-0.75))

    def test_half_of_the_seeds_make_a_diverged_cell(self, bowl):
        made = bowl(seeds=4, edge=99)
        outcome = made.outcome.copy()
        outcome[10, 4, :1] = 3
        few = dataclasses.replace(made, outcome=outcome)
        assert CellRole.DIVERGED not in roles([few])
        outcome[10, 4, :2] = 3
        assert roles([dataclasses.replace(made, outcome=outcome)])[CellRole.DIVERGED].lr == 10

    def test_a_basin_of_one_cell_has_no_edge(self, bowl):
        assert set(roles([bowl(width=0.2)])) == {CellRole.BEST, CellRole.DIVERGED}

    def test_a_rule_that_learnt_nothing_shows_where_it_diverged(self, bowl):
        made = bowl()
        outcome = np.full(made.shape, OutcomeCode.DIVERGED, dtype=np.int8)
        dead = dataclasses.replace(made, outcome=outcome, loss=np.full(made.shape, np.nan))
        found = roles([dead])
        assert set(found) == {CellRole.DIVERGED}
        assert (found[CellRole.DIVERGED].lr, found[CellRole.DIVERGED].init_scale) == (1e-4, 1.0)

    def test_missing_cells_are_never_chosen(self, bowl):
        made = bowl(seeds=1, missing=0.5)
        for chosen in shown_cells([made], FAST):
            i = int(np.argmin(abs(made.lr - chosen.cell.lr)))
            j = int(np.argmin(abs(made.init_scale - chosen.cell.init_scale)))
            assert made.present[i, j].any()


def cell(role=CellRole.BEST, rule="additive"):
    return ShownCell(
        LandscapeKey("digits-mlp", "sgd", rule), CurveCell(role=role, lr=0.1, init_scale=1.0)
    )


class TestCurves:
    def test_quartiles_over_seeds(self):
        seeds = [Training([2.3, v], False) for v in (0.5, 0.1, 0.3, 0.2)]
        (curve,) = learning_curves({cell(): seeds}, LOSS)
        assert curve.x == (0, 1)
        assert (curve.low[1], curve.value[1], curve.high[1]) == (0.1, 0.2, 0.3)

    def test_a_diverged_seed_is_infinitely_bad_from_then_on(self):
        seeds = [Training([2.3, 9.0, None], True), Training([2.3, 1.0, 0.5], False)]
        (curve,) = learning_curves({cell(): [seeds[0], seeds[0], seeds[1]]}, LOSS)
        assert curve.value == (2.3, 9.0, np.inf)
        (lone,) = learning_curves({cell(): [Training([None, None], True)]}, LOSS)
        assert lone.value == (np.inf, np.inf)

    def test_a_diverged_score_is_infinitely_low(self):
        seeds = [Training([0.1, 0.5], False), Training([0.1, None], True)]
        (curve,) = learning_curves({cell(): [*seeds, seeds[1]]}, GoalMetric("acc", minimize=False))
        assert curve.value == (0.1, -np.inf)
        assert curve.high == (0.1, 0.5)

    def test_a_seed_that_ended_drops_out(self):
        seeds = [Training([2.3, 1.0], False), Training([2.3, 2.0, 1.5], False)]
        (curve,) = learning_curves({cell(): seeds}, LOSS)
        assert curve.value == (2.3, 1.0, 1.5)

    def test_cells_without_a_measurement_have_no_curve(self):
        assert learning_curves({cell(): [Training([], False)]}, LOSS) == ()

    def test_long_curves_are_thinned(self):
        (curve,) = learning_curves({cell(): [Training([1.0] * 5001, False)]}, LOSS)
        assert len(curve.x) == MOST_POINTS
        assert (curve.x[0], curve.x[-1]) == (0, 5000)


@pytest.fixture
def supplement():
    seeds = [Training([2.3, 1.0, 0.1], False)] * 3
    dead = [Training([2.3, None, None], True)] * 3
    curves = learning_curves({cell(): seeds, cell(CellRole.DIVERGED): dead}, LOSS)
    shares = [
        Importance(rule="additive", axis="lr", ped_anova=0.75, fanova=0.6),
        Importance(rule="additive", axis="gamma", ped_anova=0.25, fanova=0.4),
    ]
    return Supplement(curves=curves, importances=tuple(shares))


class TestForms:
    def test_json_holds_the_curves_and_the_importances(self, bowl, supplement):
        report = analysed([bowl()], {("digits-mlp", "sgd"): supplement})
        (group,) = type(report).from_json(report.to_json()).groups
        assert group.importances == supplement.importances
        facts = {"unit": "val_loss", "better": "lower"}
        kept = [c.model_copy(update=facts) for c in supplement.curves]
        assert [c for c in group.curves if c.kind is CurveKind.LEARNING] == kept

    def test_markdown_tells_them(self, bowl, supplement):
        text = markdown.render(analysed([bowl()], {("digits-mlp", "sgd"): supplement}))
        assert "| additive | best: lr 0.1, init 1 | 2.3 | 1 | 0.1 |" in text
        assert "| additive | diverged: lr 0.1, init 1 | 2.3 | diverged | diverged |" in text
        assert "| 75 % | 60 % |" in text
        assert "| additive | gamma | – | 25 % | 40 % |" in text

    def test_the_page_draws_and_tells_them(self, bowl, supplement):
        members = [bowl()]
        page = html.render(analysed(members, {("digits-mlp", "sgd"): supplement}), members)
        assert "val_loss while training, additive" in page
        assert "diverged: lr 0.1, init 1" in page
        assert "Importance of the axes" in page
        assert "<td>75 %</td><td>60 %</td>" in page

    def test_without_a_supplement_nothing_is_said(self, bowl):
        members = [bowl()]
        for said in (html.render(analysed(members), members), markdown.render(analysed(members))):
            assert "Importance" not in said
            assert "Learning curves" not in said


class TestOverview:
    @pytest.fixture
    def members(self, bowl):
        return [
            bowl(rule, problem=p, width=w, noise=0.02, seed=k, seeds=10)
            for k, p in enumerate(("p", "q"))
            for rule, w in (("additive", 1.0), ("hybrid", 2.0))
        ]

    def test_one_line_a_group_and_what_was_shown(self, members):
        report = analysed(members)
        text = markdown.render(report)
        lines = [line for line in text.splitlines() if line.startswith(("| p, sgd", "| q, sgd"))]
        assert len(lines) == 2
        assert all("(larger)" in line for line in lines)
        assert "basin larger in 2, smaller in 0 of 2" in text
        page = html.render(report, members)
        assert page.index("Overview") < page.index("hybrid against additive")
        assert '<a href="#p%2C' not in page
        assert 'href="#p_2C_20sgd">p, sgd</a>' in page
        assert '<h2 id="p_2C_20sgd">' in page

    def test_one_group_has_none(self, members):
        assert "Overview" not in markdown.render(analysed(members[:2]))

    def test_a_rule_that_a_group_lacks_has_a_dash(self, members):
        (line,) = [
            row
            for row in markdown.render(analysed(members[:3])).splitlines()
            if row.startswith("| q, sgd")
        ]
        assert line.endswith("| – |")

    def test_pairs_not_compared_for_one_reason_share_a_line(self, bowl):
        members = [bowl(rule, problem=p, seeds=1) for p in "pqr" for rule in ("additive", "hybrid")]
        text = markdown.render(analysed(members))
        assert text.count("not compared") == 1
        assert "- 3 pairs of rules: not compared (one seed gives no interval)." in text
        two = markdown.render(analysed(members[:4]))
        assert "p, sgd · hybrid against additive; q, sgd · hybrid against additive: not" in two

    def test_a_rule_alone_without_results_says_why_once(self, bowl):
        (verdict,) = analysed([bowl(missing=0.5)]).verdicts
        assert verdict.text.count("90% are needed") == 1
