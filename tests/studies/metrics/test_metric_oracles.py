"""M1 to M3: known answers and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gofau_studies.metrics.basin import area_below, basin_volume, width_below
from gofau_studies.metrics.grid import Grid, coverage, trapezoid_weights, weighted_mean
from gofau_studies.metrics.optimum import best_cost, optimum_borders
from gofau_studies.metrics.sensitivity import (
    lr_sensitivity,
    mean_lr_sensitivity,
    windowed_lr_sensitivity,
)
from gofau_studies.metrics.stability import share

GRID = Grid(np.logspace(-4, 1, 11), np.logspace(-1.5, 1.5, 9))
MAPS = npst.arrays(np.float64, (11, 9), elements=st.floats(0, 5, width=32))
LAWS = settings(max_examples=60)


def test_weights_are_the_trapezoid_rule_in_decades():
    x = np.array([0.001, 0.01, 1.0])
    y = np.array([3.0, 5.0, 2.0])
    weights = Grid(x, np.array([7.0])).weights
    assert weights.T @ y == pytest.approx(np.trapezoid(y, np.log10(x)) / 3)
    assert trapezoid_weights(np.array([7.0])) == [1.0]


def test_coverage_weighs_border_cells_less():
    present = np.ones((11, 9, 2), dtype=bool)
    assert coverage(present, GRID) == pytest.approx(1)
    present[0, 0] = False
    assert coverage(present, GRID) == pytest.approx(1 - (1 / 20) * (1 / 16))


def test_weighted_mean_of_nothing_is_nan():
    assert np.isnan(weighted_mean(np.full((2, 3), np.nan), np.ones(3) / 3)).all()


class TestSensitivity:
    def test_published_example_with_a_plain_mean(self):
        curve = np.array([4.5, 4.0, 9.0])
        assert lr_sensitivity(curve, np.full(3, 1 / 3), 7.0) == pytest.approx(7 / 6)

    @LAWS
    @given(MAPS, st.floats(-3, 3))
    def test_unchanged_by_a_constant(self, cost, shift):
        plain = mean_lr_sensitivity(cost, GRID, 4.0)
        assert mean_lr_sensitivity(cost + shift, GRID, 4.0 + shift) == pytest.approx(plain)

    @LAWS
    @given(MAPS)
    def test_zero_exactly_when_flat(self, cost):
        flat = (np.minimum(cost, 4.0) == np.minimum(cost, 4.0)[0]).all()
        assert (mean_lr_sensitivity(cost, GRID, 4.0) == 0) == flat

    def test_the_window_follows_the_optimum(self):
        cost = np.abs(GRID.x - GRID.x[7])[:, None] * np.ones(9)
        assert windowed_lr_sensitivity(cost, GRID, 9.0) == pytest.approx(0.5)

    @pytest.mark.parametrize("low, high", [(-4, 1), (-2, 1), (-4, 0), (-2, 0)])
    def test_the_window_of_a_parabola_is_its_trapezoid_mean_wherever_the_border_is(self, low, high):
        grid = Grid(np.logspace(low, high, 2 * (high - low) + 1), np.ones(1))
        cost = 0.3 * (grid.x[:, None] + 1) ** 2
        assert windowed_lr_sensitivity(cost, grid, 9.0) == pytest.approx(0.1125)

    def test_a_fine_window_of_a_parabola_nears_its_integral(self):
        grid = Grid(np.logspace(-4, 2, 1201), np.logspace(-1, 1, 3))
        cost = 0.3 * (grid.x[:, None] + 1) ** 2 + grid.z
        assert windowed_lr_sensitivity(cost, grid, 9.0) == pytest.approx(0.1, rel=1e-4)

    @pytest.mark.parametrize("step", [0.3, 0.4, 0.7, 1.5])
    def test_ends_of_a_window_between_learning_rates_are_interpolated(self, step):
        x = -1 + step * np.arange(-4, 5)
        grid, cost = Grid(10**x, np.ones(1)), np.abs(x + 1)[:, None]
        assert windowed_lr_sensitivity(cost, grid, 9.0) == pytest.approx(0.5)

    def test_a_window_beyond_the_grid_ends_there(self):
        grid = Grid(10 ** np.array([-1.0, -0.7, 0.2, 0.5]), np.ones(1))
        assert windowed_lr_sensitivity(grid.x[:, None], grid, 9.0) == pytest.approx(0.5)

    def test_the_best_of_a_window_may_lie_on_its_end(self):
        # Of the second curve, which falls from end to end, while the map's optimum is at lr 1.
        grid = Grid(10 ** np.array([-1.5, 0, 1.5]), np.ones(2) * [1, 10])
        cost = np.array([[9.0, 3.0], [0.0, 1.5], [9.0, 0.0]])
        first, second = (6 * 0.5), (2.5 - 0.5) / 2
        expected = (first + second) / 2
        assert windowed_lr_sensitivity(cost, grid, 99.0) == pytest.approx(expected)

    def test_a_missing_neighbour_leaves_out_the_end_alone(self):
        grid = Grid(10 ** np.array([-1.5, -0.5, 0, 0.5, 1.5]), np.ones(1))
        cost = np.array([[np.nan], [0.5], [0.0], [0.5], [1.5]])
        # The trapezoid weights of -1, -.5, 0, .5, 1 without the first.
        assert windowed_lr_sensitivity(cost, grid, 9.0) == pytest.approx(0.75 / 1.75)

    def test_missing_cells_drop_their_weight(self):
        curve = np.array([1.0, np.nan, 3.0])
        assert lr_sensitivity(curve, np.array([0.25, 0.5, 0.25]), 9.0) == pytest.approx(1.0)


class TestBasin:
    @pytest.mark.parametrize("tolerance", [0.01, 0.04, 0.25])
    def test_parabola(self, tolerance):
        x = np.linspace(-3, 3, 3001)
        assert width_below((x - 0.2) ** 2, x, tolerance) == pytest.approx(2 * tolerance**0.5)

    def test_gradient_descent_on_a_quadratic(self):
        lr = np.geomspace(1e-3, 0.4999, 8001)
        # f = 2 w², 50 steps: f_T / f_0 = (1 - 4 lr)^100, in decades to interpolate smoothly.
        with np.errstate(divide="ignore"):
            ratio = np.maximum(100 * np.log10(np.abs(1 - 4 * lr)), -300)
        width = width_below(ratio, np.log10(lr), -8.0)
        assert width == pytest.approx(np.log10(0.457941 / 0.042059), abs=2e-5)
        assert width == pytest.approx(1.03695, abs=2e-5)

    def test_disc(self):
        grid = Grid(np.logspace(-2, 2, 161), np.logspace(-2, 2, 161))
        cost = grid.x[:, None] ** 2 + grid.z**2
        assert basin_volume(cost, grid, 1.0) == pytest.approx(np.pi, rel=1e-3)

    def test_half_plane_is_exact(self):
        cost = GRID.x[:, None] + 0 * GRID.z
        assert area_below(cost, GRID.x, GRID.z, -1.3) == pytest.approx(2.7 * 3)

    @pytest.mark.parametrize("value, expected", [(1.0, 15.0), (1.0001, 0.0)])
    def test_flat_map(self, value, expected):
        assert basin_volume(np.full((11, 9), value), GRID, 1.0) == pytest.approx(expected)

    @LAWS
    @given(MAPS, st.floats(0, 5), st.floats(0, 2))
    def test_grows_with_the_level_within_the_grid(self, cost, level, more):
        low, high = basin_volume(cost, GRID, level), basin_volume(cost, GRID, level + more)
        assert 0 <= low <= high + 1e-9 <= 15 + 2e-9

    @LAWS
    @given(MAPS, st.floats(0.1, 5))
    def test_the_axes_are_exchangeable(self, cost, level):
        turned = Grid(GRID.init_scale, GRID.lr)
        swapped = basin_volume(cost.T, turned, level)
        assert swapped == pytest.approx(basin_volume(cost, GRID, level), abs=1e-9)

    def test_a_missing_corner_counts_nothing(self):
        cost = np.zeros((11, 9))
        cost[5, 4] = np.nan
        assert basin_volume(cost, GRID, 1.0) == pytest.approx(15 - 4 * 0.5 * 0.375)

    def test_one_swept_axis_gives_decades(self):
        only_lr = Grid(GRID.lr, np.ones(1))
        assert basin_volume(GRID.x[:, None] ** 2, only_lr, 1.0) == pytest.approx(2.0)
        only_init = Grid(np.ones(1), GRID.init_scale)
        assert basin_volume(np.zeros((1, 9)), only_init, 1.0) == pytest.approx(3.0)

    def test_maps_are_independent(self):
        rng = np.random.default_rng(0)
        stack = rng.random((4, 11, 9))
        together = basin_volume(stack, GRID, np.array([0.1, 0.2, 0.3, 0.4]))
        alone = [basin_volume(m, GRID, t) for m, t in zip(stack, (0.1, 0.2, 0.3, 0.4), strict=True)]
        np.testing.assert_allclose(together, alone)


class TestStability:
    def test_share_weighs_volume(self):
        hits = np.zeros((11, 9, 1), dtype=bool)
        hits[0] = True
        assert share(hits, np.ones_like(hits), GRID) == pytest.approx(1 / 20)

    def test_nothing_present(self):
        none = np.zeros((11, 9, 2), dtype=bool)
        assert np.isnan(share(none, none, GRID))


def test_best_and_borders():
    cost = np.ones((11, 9))
    cost[0, 4] = 0
    assert best_cost(cost) == 0
    assert optimum_borders(cost, GRID) == ("lr low",)
    assert np.isnan(best_cost(np.full((2, 2), np.nan)))
    assert optimum_borders(np.zeros((1, 1)), Grid(np.ones(1), np.ones(1))) == ()
