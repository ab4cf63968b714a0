"""M4 to M11: known answers, published values and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gofau_studies.metrics.across import hyperparameter_sensitivity, normalised_score
from gofau_studies.metrics.aggregate import (
    interquartile_mean,
    optimality_gap,
    probability_of_improvement,
)
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.profiles import profile, profile_score, ratios
from gofau_studies.metrics.regret import leaves_grid, misspecification_regret
from gofau_studies.metrics.ridge import best_log_lr, nan_median, ridge_slope
from gofau_studies.metrics.time_to_target import fastest, resampled_quantile, steps_below
from gofau_studies.metrics.tuning import expected_best, expected_best_distinct, tunability
from gofau_studies.metrics.variance import variance_shares

LAWS = settings(max_examples=60)
UNIT = st.floats(0, 1, width=32)

# Two runs-by-tasks tables with values that the rliable 1.2.0 library gives for them.
X = np.array(
    [
        [0.64, 0.27, 0.04, 0.02, 0.81],
        [0.91, 0.61, 0.73, 0.54, 0.94],
        [0.82, 0.0, 0.86, 0.03, 0.73],
        [0.18, 0.86, 0.54, 0.3, 0.42],
        [0.03, 0.12, 0.67, 0.65, 0.62],
        [0.38, 1.0, 0.98, 0.69, 0.65],
        [0.69, 0.39, 0.14, 0.72, 0.53],
    ]
)
Y = np.array(
    [
        [0.64, 0.27, 0.04, 0.02, 0.81],
        [0.42, 0.83, 0.41, 0.55, 0.03],
        [0.75, 0.54, 0.33, 0.79, 0.3],
        [0.45, 0.13, 0.4, 0.2, 0.26],
        [0.75, 0.28, 0.49, 0.98, 0.96],
        [0.72, 0.54, 0.28, 0.16, 0.97],
    ]
)


class TestTimeToTarget:
    @pytest.mark.parametrize(
        "lr, steps",
        [(0.01, 235), (0.1, 19), (0.25, 1), (0.4, 19), (0.49, 235), (0.5, np.inf)],
    )
    def test_gradient_descent_on_a_quadratic(self, lr, steps):
        # f = ½·4·x², x0 = 1: f_k = 2·(1 − 4 lr)^2k.
        curve = 2 * (1 - 4 * lr) ** (2.0 * np.arange(400))
        assert steps_below(curve, 1e-8) == steps

    def test_half_of_the_seeds(self):
        steps = np.array([30.0, np.inf, 10.0, 20.0, np.inf])
        once = np.ones((1, 5))
        assert resampled_quantile(steps, once, 0.5) == [30]
        assert resampled_quantile(steps, once, 0.7) == [np.inf]
        assert resampled_quantile(np.array([30.0, np.nan, 10.0]), np.ones((1, 3)), 0.5) == [10]

    def test_draws_count_as_often_as_drawn(self):
        steps = np.array([10.0, 20.0, 30.0])
        counts = np.array([[2.0, 0, 1], [0, 0, 3], [0, 3, 0]])
        assert resampled_quantile(steps, counts, 0.5).tolist() == [10, 30, 20]

    def test_fastest_cell(self):
        steps = np.full((2, 2, 3), np.inf)
        steps[1, 0] = [7, 9, np.inf]
        assert fastest(steps, np.ones((1, 3))) == [9]
        assert fastest(np.full((2, 2, 3), np.nan), np.ones((1, 3))) == [np.inf]


class TestTuning:
    SCORES = -np.array([0.0, 25, 50, 75, 100])
    DRAWS = np.arange(1.0, 6)

    def test_published_example(self):
        drawn = -expected_best(self.SCORES, np.full(5, 0.2), self.DRAWS)
        distinct = -expected_best_distinct(self.SCORES, self.DRAWS)
        assert drawn == pytest.approx([50, 70, 80, 85.84, 89.6])
        assert distinct == pytest.approx([50, 75, 87.5, 95, 100])
        assert tunability(distinct) == pytest.approx(73.5)
        assert tunability(drawn) == pytest.approx(68.752)
        assert tunability(drawn, np.array([0, 0, 0, 0, 1.0])) == pytest.approx(89.6)

    def test_agrees_with_opda(self):
        # Values of opda 0.8.0, EmpiricalDistribution(...).average_tuning_curve(minimize=True).
        costs = np.array([0.9, 0.3, 0.55, 1.2, 0.31, 0.7, 0.42])
        weights = np.array([0.05, 0.1, 0.2, 0.3, 0.05, 0.1, 0.2])
        assert expected_best(costs, weights, np.array([1, 2, 3.5, 8])) == pytest.approx(
            [0.7145, 0.5243749999999999, 0.41665951670465234, 0.3387379598105469]
        )
        assert expected_best(costs, np.ones(7), np.array([1.0, 2, 5])) == pytest.approx(
            [0.6257142857142857, 0.45591836734693875, 0.3355673231391682]
        )

    @LAWS
    @given(npst.arrays(np.float64, 8, elements=UNIT))
    def test_more_draws_never_hurt_and_distinct_ones_help(self, costs):
        draws = np.arange(1.0, 9)
        drawn = expected_best(costs, np.ones(8), draws)
        distinct = expected_best_distinct(costs, draws)
        assert (np.diff(drawn) <= 1e-9).all()
        assert (distinct <= drawn + 1e-9).all()
        assert distinct[-1] == pytest.approx(costs.min())

    def test_missing_settings_drop_their_weight(self):
        costs = np.array([[1.0, np.nan, 3.0]])
        found = expected_best(costs, np.array([0.25, 0.5, 0.25]), np.array([1.0, 2.0]))
        assert found.tolist() == [[2.0, 1.5]]

    def test_too_many_distinct_settings(self):
        with pytest.raises(ValueError, match="expected 1 to 5 distinct"):
            expected_best_distinct(self.SCORES, np.array([6.0]))


class TestAcross:
    def test_three_settings_on_two_problems(self):
        scores = np.array([[1, 0], [0, 1], [0.7, 0.7]])
        assert hyperparameter_sensitivity(scores) == pytest.approx(0.3)

    @LAWS
    @given(npst.arrays(np.float64, (6, 3), elements=UNIT))
    def test_never_negative_and_zero_for_one_problem(self, scores):
        assert hyperparameter_sensitivity(scores) >= -1e-12
        assert hyperparameter_sensitivity(scores[:, :1]) == 0

    def test_settings_that_lack_a_problem_drop_out(self):
        scores = np.array([[1, np.nan], [0.5, 0.5]])
        assert hyperparameter_sensitivity(scores) == 0

    def test_score_runs_from_cap_to_best(self):
        assert normalised_score(np.array([2.0, 1.0, 1.5]), 1.0, 2.0).tolist() == [0, 1, 0.5]
        with pytest.raises(ValueError, match="less than the cap"):
            normalised_score(np.ones(1), 2.0, 2.0)


class TestProfiles:
    def test_published_example(self):
        assert profile_score(np.array([1, 1.5, 2.5, np.inf])) == pytest.approx(0.583333, abs=1e-6)

    def test_the_score_is_the_area_under_the_profile(self):
        ratio = np.array([1, 1.3, 2.9, 3.5, 7, np.inf])
        factors = np.linspace(1, 4, 300_001)
        area = np.trapezoid(profile(ratio, factors), factors) / 3
        assert profile_score(ratio) == pytest.approx(area, abs=1e-5)

    def test_ratios_to_the_fastest(self):
        times = np.array([[10.0, np.inf, np.inf], [20.0, 5.0, np.inf]])
        assert ratios(times).tolist() == [[1, np.inf, np.inf], [2, 1, np.inf]]

    def test_somebody_is_first_on_every_problem(self):
        times = np.random.default_rng(0).random((4, 30))
        assert profile(ratios(times), np.array([1.0])).sum() == pytest.approx(1)


class TestAggregates:
    def test_small_table(self):
        x = np.array([[1, 2], [2, 2], [1, 1], [2, 1.0]])
        assert interquartile_mean(x) == x.mean() == np.median(x) == 1.5

    def test_agrees_with_rliable(self):
        assert interquartile_mean(X) == pytest.approx(0.5668421052631579)
        assert optimality_gap(X, 0.6) == pytest.approx(0.16199999999999998)
        assert probability_of_improvement(X, Y) == pytest.approx(0.5357142857142857)

    @LAWS
    @given(
        npst.arrays(np.float64, (4, 3), elements=UNIT),
        npst.arrays(np.float64, (5, 3), elements=UNIT),
    )
    def test_exchange_of_sides(self, x, y):
        both = probability_of_improvement(x, y) + probability_of_improvement(y, x)
        assert both == pytest.approx(1)
        assert probability_of_improvement(x, x) == pytest.approx(0.5)

    def test_leading_axes_are_resamples(self):
        stack = np.stack([X, X[::-1], X * 0])
        assert interquartile_mean(stack).tolist() == pytest.approx(
            [float(interquartile_mean(s)) for s in stack]
        )


class TestVariance:
    def test_additive_effects(self):
        cost = np.array([0, 1, 2.0])[:, None] + np.array([0, 3.0])
        shares = variance_shares(cost, cost**2, np.full(3, 1 / 3), np.full(2, 0.5))
        assert shares == pytest.approx((0.228571, 0.771429, 0, 0), abs=1e-6)

    def test_pure_interaction(self):
        cost = np.outer([-1, 1.0], [-1, 1])
        shares = variance_shares(cost, cost**2, np.full(2, 0.5), np.full(2, 0.5))
        assert shares == pytest.approx((0, 0, 1, 0))

    @LAWS
    @given(npst.arrays(np.float64, (4, 3, 5), elements=UNIT), st.integers(0, 99))
    def test_parts_add_up_to_the_total(self, values, seed):
        if np.ptp(values) < 1e-3:
            return
        rng = np.random.default_rng(seed)
        w, v = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(3))
        shares = variance_shares(values.mean(-1), (values**2).mean(-1), w, v)
        assert sum(shares) == pytest.approx(1)
        assert min(shares) >= 0

    def test_seed_share_is_the_variance_within_cells(self):
        values = np.random.default_rng(0).random((3, 4, 6))
        w, v = np.full(3, 1 / 3), np.full(4, 0.25)
        shares = variance_shares(values.mean(-1), (values**2).mean(-1), w, v)
        assert shares.seed == pytest.approx(values.var(axis=-1).mean() / values.var())

    def test_a_missing_cell_leaves_it_undefined(self):
        cost = np.array([[1.0, np.nan], [2, 3]])
        half = np.full(2, 0.5)
        assert np.isnan(variance_shares(cost, cost**2, half, half)).all()


class TestRegret:
    X = np.arange(5) * 0.5

    def test_piecewise_linear_curve(self):
        curve = np.array([4.0, 1, 0, 2, 5])
        found = [misspecification_regret(curve, self.X, k) for k in (1, 10**0.5, 10)]
        assert found == pytest.approx([0, 2, 5])
        assert misspecification_regret(curve, self.X, 2) == pytest.approx(2 * np.log10(2) / 0.5)

    @LAWS
    @given(npst.arrays(np.float64, 5, elements=UNIT), st.floats(1, 100), st.floats(1, 10))
    def test_grows_with_the_factor(self, curve, factor, more):
        near = misspecification_regret(curve, self.X, factor)
        far = misspecification_regret(curve, self.X, factor * more)
        assert -1e-12 <= near <= far + 1e-9

    def test_flat_curves_and_missing_points(self):
        assert misspecification_regret(np.full(5, 3.0), self.X, 10) == 0
        assert misspecification_regret(np.array([1.0]), np.zeros(1), 10) == 0
        assert np.isnan(misspecification_regret(np.full(5, np.nan), self.X, 10))
        holed = np.array([4.0, np.nan, 0, 2, 5])
        assert misspecification_regret(holed, self.X, 10) == 5

    def test_ranges_that_leave_the_grid(self):
        curve = np.array([0.0, 1, 2, 3, 4])
        assert leaves_grid(curve, self.X, 3) == ("lr low",)
        assert leaves_grid(curve[::-1], self.X, 3) == ("lr high",)
        assert leaves_grid(np.array([2.0, 1, 0, 1, 2]), self.X, 10) == ()
        assert leaves_grid(np.full(5, np.nan), self.X, 3) == ()


def descend(step, lr, scale, steps=30):
    """Loss of f(w) = g(w / s) from w0 = s·u0 after some steps of a rule, over a grid of lr."""
    curvature, minimum = np.array([1.0, 6.0]), np.array([1.0, -0.5])
    w = scale * np.broadcast_to([0.2, -2.0], (lr.size, 2))
    state = np.zeros_like(w)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(steps):
            gradient = curvature * (w / scale - minimum) / scale
            w, state = step(w, gradient, state, lr[:, None], k)
        loss = 0.5 * (curvature * (w / scale - minimum) ** 2).sum(axis=1)
    return np.minimum(np.nan_to_num(loss, nan=1e3), 1e3)


def sgd(w, g, state, lr, k):
    return w - lr * g, state


def rmsprop(w, g, state, lr, k):
    state = 0.9 * state + 0.1 * g**2
    return w - lr * g / np.sqrt(state), state


def adagrad(w, g, state, lr, k):
    state = state + g**2
    return w - lr * g / np.sqrt(state), state


def exponentiated(w, g, state, lr, k):
    return w * np.exp(np.clip(-lr * np.sign(w) * g, -50, 50)), state


def madam(w, g, state, lr, k):
    state = 0.9 * state + 0.1 * g**2
    normed = np.clip(g / np.sqrt(state / (1 - 0.9 ** (k + 1))), -10, 10)
    return w * np.exp(-lr * np.sign(w) * normed), state


class TestRidge:
    @pytest.mark.parametrize(
        "step, slope",
        [(sgd, 2), (rmsprop, 1), (adagrad, 1), (exponentiated, 1), (madam, 0)],
    )
    def test_slope_of_a_model_that_sees_relative_weights(self, step, slope):
        grid = Grid(10 ** np.arange(-4, 3.01, 0.1), 10 ** np.arange(-0.6, 0.61, 0.2))
        cost = np.stack([descend(step, grid.lr, s) for s in grid.init_scale], axis=1)
        assert ridge_slope(cost, grid, 1e3) == pytest.approx(slope, abs=0.02)

    def test_a_parabola_is_found_between_grid_points(self):
        grid = Grid(np.array([1e-3, 1e-2, 0.05, 1.0]), np.array([1.0, 2.0]))
        cost = (grid.x[:, None] - np.array([-1.8, -1.4])) ** 2
        assert best_log_lr(cost, grid) == pytest.approx([-1.8, -1.4])

    def test_censored_rows_are_skipped(self):
        grid = Grid(np.logspace(-2, 2, 5), np.array([0.1, 1.0, 10.0, 100.0]))
        cost = (grid.x[:, None] - np.array([-1.0, 0.0, 1.0, 9.0])) ** 2
        assert np.isnan(best_log_lr(cost, grid)).tolist() == [False, False, False, True]
        assert ridge_slope(cost, grid) == pytest.approx(1)

    def test_no_two_rows_no_slope(self):
        grid = Grid(np.logspace(-2, 2, 5), np.array([0.1, 1.0]))
        assert np.isnan(ridge_slope(np.ones((5, 2)), grid))
        assert np.isnan(ridge_slope(np.ones((5, 1)), Grid(grid.lr, np.ones(1))))
        assert np.isnan(best_log_lr(np.ones((2, 2)), Grid(np.array([1.0, 2]), grid.lr[:2]))).all()

    @LAWS
    @given(npst.arrays(np.float64, (3, 6), elements=st.one_of(UNIT, st.just(np.nan))))
    def test_nan_median(self, values):
        for row, found in zip(values, nan_median(values), strict=True):
            known = row[~np.isnan(row)]
            expected = np.median(known) if known.size else np.nan
            np.testing.assert_allclose(found, expected)
