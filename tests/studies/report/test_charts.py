"""A chart as data: what it holds of the report's curves, its ends and its ticks."""

from math import inf, isfinite

import pytest

from gofau_studies.report.all_charts import makers
from gofau_studies.report.framing import axis, value_axis
from gofau_studies.report.model import CellRole, CurveKind
from gofau_studies.report.ticks import log_ticks, round_step
from tests.studies.charts import cell_curve, curve, group


def only(*curves, **facts):
    [chart] = group(*curves, **facts).charts
    return chart


def inside(axis, values):
    return all(axis.low <= v <= axis.high for v in values if v is not None)


class TestTicks:
    def test_powers_of_ten(self):
        assert log_ticks(-4, 1)[0] == (-4.0, "10⁻⁴")
        assert len(log_ticks(-30, 0, most=5)) <= 5
        assert log_ticks(-0.2, 0.3) == [(-0.2, "0.631"), (0.3, "2")]

    @pytest.mark.parametrize("span, step", [(1, 0.2), (50, 10), (7, 2), (0.03, 0.005)])
    def test_round_steps(self, span, step):
        assert round_step(span) == pytest.approx(step)

    @pytest.mark.parametrize(
        "ends, unit, labels",
        [
            ((-0.3, 1.1), "", ["0", "0.5", "1"]),
            ((-0.3, 1.1), "share", ["0 %", "50 %", "100 %"]),
            ((-3.0, 0.0), "steps", ["−3", "−2.5", "−2", "−1.5", "−1", "−0.5", "0"]),
        ],
    )
    def test_linear_ticks_lie_inside_in_the_axis_unit(self, ends, unit, labels):
        assert [tick.label for tick in axis("y", ends, unit=unit).ticks] == labels

    @pytest.mark.parametrize("last", [1, 2, 3, 4, 7, 20, 200])
    def test_epochs_are_counted_in_whole_numbers(self, last):
        values = tuple(2.0 / (1 + k) for k in range(last + 1))
        ticks = only(cell_curve("a", CellRole.BEST, values)).x.ticks
        assert len(ticks) >= 2
        assert all(tick.at.is_integer() for tick in ticks)


class TestEnds:
    @pytest.mark.parametrize("values", [(1e-310, 2.0), (5e-324, 1e308), (5e-324,)])
    def test_losses_that_nearly_vanish_have_room(self, values):
        made = value_axis("loss", values)
        assert made.low < made.high
        assert inside(made, values)
        assert all(0 <= made.position(v) <= 1 for v in values)
        assert len(made.ticks) >= 2

    @pytest.mark.parametrize("values", [(0.0, 5e-324), (0.0, 1e-323), (-1e308, 1e308), (0.0,)])
    def test_a_linear_axis_at_the_edge_of_floats_has_ends_and_ticks(self, values):
        made = value_axis("score", values)
        assert -inf < made.low < made.high < inf
        assert len({tick.at for tick in made.ticks}) >= 2

    def test_an_axis_without_room_ends_at_its_values(self):
        made = axis("share", (0.0, 1.0))
        assert (made.low, made.high) == (0.0, 1.0)


class TestLines:
    def test_a_line_breaks_where_a_value_is_absent_or_infinite_and_its_numbers_stay(self):
        made = only(curve(value=(3.0, None, inf)))
        [line] = made.series
        assert line.value == (3.0, None, inf)
        assert line.line == (3.0, None, None)
        assert line.high == (4.0, 1.0, made.y.high)
        assert line.leaves is None

    def test_every_line_lies_inside_its_axes(self):
        made = only(curve("a"), curve("b", value=(100.0, 1.0, 2.0)))
        for line in made.series:
            assert inside(made.x, line.x)
            assert all(inside(made.y, part) for part in (line.line, line.low, line.high))
        assert [line.style for line in made.series] == [0, 1]

    @pytest.mark.parametrize("value", [0.0, 3.0])
    def test_constant_curves_still_have_room(self, value):
        made = only(curve(value=(value,) * 3, low=(), high=()))
        assert 0 < made.y.position(value) < 1

    @pytest.mark.parametrize("low, is_log", [(1.0, True), (4.0, False), (-1.0, False)])
    def test_wide_positive_ranges_are_logarithmic(self, low, is_log):
        assert only(curve(value=(100.0, low, 50.0), low=(), high=())).y.log is is_log

    def test_a_kind_without_a_finite_point_has_no_chart(self):
        assert group(curve(value=(None, inf, None), low=(), high=())).charts == ()

    def test_a_unit_stands_in_its_label(self):
        assert only(curve(better="lower"), metric="wer", unit="words").y.label == (
            "wer (words, lower is better)"
        )
        assert only(curve(better="higher"), unit="share").y.label == "loss (higher is better)"


class TestLearning:
    def test_a_chart_a_rule_on_common_axes_with_a_style_a_role(self):
        first, second = group(
            cell_curve("a", CellRole.BEST, (2.3, 0.5, 0.1)),
            cell_curve("a", CellRole.DIVERGED, (2.3, 40.0, inf)),
            cell_curve("b", CellRole.DIVERGED, (2.3, inf, inf)),
        ).charts
        assert [first.title, second.title] == ["loss while training, a", "loss while training, b"]
        assert [first.part, second.part] == ["a", "b"]
        assert (first.x, first.y) == (second.x, second.y)
        assert first.x.label == "epoch"
        assert [line.style for line in (*first.series, *second.series)] == [0, 2, 2]
        assert [line.role for line in first.series] == ["best", "diverged"]
        assert first.series[0].name == "best: lr 0.1, init 1"

    @pytest.mark.parametrize("sign, side", [(1, "above"), (-1, "below")])
    def test_what_diverges_leaves_and_does_not_come_back(self, sign, side):
        best = cell_curve("a", CellRole.BEST, tuple(sign * v for v in (2.3, 0.5, 0.1)))
        gone = cell_curve("a", CellRole.DIVERGED, tuple(sign * v for v in (2.3, 1e30, 3.0)))
        made = only(best, gone)
        border = made.y.high if sign > 0 else made.y.low
        assert abs(border) < 3
        stays, leaves = made.series
        assert leaves.line == leaves.low == (sign * 2.3, border, None)
        assert leaves.value == gone.value
        assert (leaves.leaves.x, leaves.leaves.side) == (1.0, side)
        assert stays.line == stays.value == best.value
        assert stays.leaves is None

    def test_where_everything_diverged_the_chart_keeps_what_was_finite(self):
        made = only(cell_curve("a", CellRole.DIVERGED, (2.3, 40.0, inf)))
        assert made.y.low < 2.3
        assert made.y.high > 40


def test_charts_stand_in_the_order_of_their_places():
    assert list(makers()) == ["sensitivity", "tuning", "steps", "learning", "profile"]
    kinds = (CurveKind.STEPS, CurveKind.TUNING, CurveKind.GOAL)
    made = group(*(curve(kind=kind, better="lower") for kind in kinds))
    assert [one.name for one in made.charts] == ["sensitivity", "tuning", "steps"]
    for one in made.charts:
        assert all(isfinite(end) for side in (one.x, one.y) for end in (side.low, side.high))
        assert one.of == "p, d"
        assert one.y.label.endswith("(lower is better)")
