import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gofau_studies.statistics.bootstrap import resampled_means, seed_counts, seed_means
from gofau_studies.statistics.intervals import expanded_level, percentile, wilson
from gofau_studies.statistics.paired import holm, sign_flip


@settings(max_examples=50)
@given(st.integers(1, 60), st.data())
def test_wilson_agrees_with_scipy(trials, data):
    hits = data.draw(st.integers(0, trials))
    published = stats.binomtest(hits, trials).proportion_ci(0.95, "wilson")
    assert wilson(hits, trials) == pytest.approx((published.low, published.high), abs=1e-12)


@given(st.floats(0.5, 1e6))
def test_wilson_of_none_starts_at_0_and_of_all_ends_at_1(trials):
    assert wilson(0, trials).low == 0.0
    assert wilson(trials, trials).high == 1.0


@pytest.mark.parametrize("hits, trials", [(1, 0), (3, 2), (-1, 4)])
def test_wilson_refuses(hits, trials):
    with pytest.raises(ValueError, match="expected 0 <= hits <= trials"):
        wilson(hits, trials)


def test_percentile_leaves_nan_out_and_ranks_infinity():
    samples = np.arange(101.0)
    assert percentile(samples, 0.9) == pytest.approx((5, 95))
    assert percentile(np.append(samples, np.nan), 0.9) == pytest.approx((5, 95))
    assert percentile(np.where(samples > 50, np.inf, samples), 0.9) == (5, np.inf)
    with pytest.raises(ValueError, match="no finite sample"):
        percentile(np.array([np.nan]))


class TestBootstrap:
    def test_draws_keep_their_number_and_are_reproducible(self):
        counts = seed_counts(5, 200, np.random.default_rng(3))
        assert (counts.sum(axis=1) == 5).all()
        np.testing.assert_array_equal(counts, seed_counts(5, 200, np.random.default_rng(3)))

    def test_means_equal_the_plain_loop(self):
        rng = np.random.default_rng(0)
        values = rng.random((3, 2, 4))
        values[rng.random(values.shape) < 0.2] = np.nan
        counts = seed_counts(4, 20, rng)
        fast = resampled_means(values, counts)
        for r, row in enumerate(counts.astype(int)):
            drawn = np.repeat(np.arange(4), row)
            for cell in np.ndindex(3, 2):
                chosen = values[cell][drawn]
                expected = np.nan if np.isnan(chosen).all() else np.nanmean(chosen)
                np.testing.assert_allclose(fast[(r, *cell)], expected)

    def test_a_seed_moves_all_cells_together(self):
        # Cells differ by seed effects alone, so a resampled map is constant.
        values = np.broadcast_to(np.arange(5.0), (3, 2, 5))
        maps = resampled_means(values, seed_counts(5, 50, np.random.default_rng(0)))
        assert np.ptp(maps, axis=(1, 2)).max() == pytest.approx(0, abs=1e-12)

    def test_standard_error_of_a_mean(self):
        values = np.random.default_rng(1).standard_normal((1, 1, 40))
        counts = seed_counts(40, 20_000, np.random.default_rng(2))
        samples = resampled_means(values, counts)[:, 0, 0]
        assert samples.shape == (20_000,)
        assert samples.std() == pytest.approx(values.std() / 40**0.5, rel=0.02)
        assert samples.mean() == pytest.approx(float(seed_means(values)[0, 0]), abs=0.005)

    @pytest.mark.parametrize("seeds, expected", [(3, 0.74), (5, 0.85), (20, 0.92)])
    def test_coverage_is_what_the_notes_say(self, seeds, expected):
        rng = np.random.default_rng(seeds)
        samples = rng.standard_normal((4000, seeds))
        counts = seed_counts(seeds, 1000, rng)
        low, high = np.quantile(samples @ counts.T / seeds, [0.025, 0.975], axis=1)
        assert ((low <= 0) & (high >= 0)).mean() == pytest.approx(expected, abs=0.025)

    @pytest.mark.parametrize("seeds, least", [(3, 0.7), (5, 0.9), (10, 0.93), (20, 0.93)])
    def test_expansion_restores_coverage_from_five_seeds_on(self, seeds, least):
        rng = np.random.default_rng(seeds)
        samples = rng.standard_normal((2000, seeds))
        counts = seed_counts(seeds, 2000, rng)
        tail = (1 - expanded_level(seeds)) / 2
        low, high = np.quantile(samples @ counts.T / seeds, [tail, 1 - tail], axis=1)
        assert least <= ((low <= 0) & (high >= 0)).mean() <= 0.965


def test_expanded_level_reaches_as_far_as_a_t_interval():
    reach = stats.norm.ppf(0.5 + expanded_level(5) / 2)
    assert reach == pytest.approx((5 / 4) ** 0.5 * 2.7764451)
    assert expanded_level(10_000, 0.9) == pytest.approx(0.9, abs=1e-4)


class TestSignFlip:
    def test_five_seeds_cannot_go_below_one_sixteenth(self):
        assert sign_flip(np.arange(1.0, 6)) == pytest.approx(0.0625)

    def test_infinite_differences_outweigh_finite_ones(self):
        assert sign_flip(np.array([np.inf, -5.0, -5.0])) == pytest.approx(1.0)
        assert sign_flip(np.array([np.inf] * 5)) == pytest.approx(0.0625)

    def test_no_difference(self):
        assert sign_flip(np.zeros(4)) == 1.0

    @pytest.mark.parametrize("seed", range(4))
    def test_agrees_with_scipy(self, seed):
        d = np.random.default_rng(seed).normal(0.4, 1, 9)
        found = stats.permutation_test(
            (d,), np.mean, permutation_type="samples", alternative="two-sided", n_resamples=np.inf
        )
        assert sign_flip(d) == pytest.approx(found.pvalue)

    def test_random_patterns_approach_the_exact_value(self):
        d = np.random.default_rng(0).normal(0.5, 1, 16)
        exact = stats.permutation_test(
            (d,), np.mean, permutation_type="samples", n_resamples=np.inf
        ).pvalue
        assert sign_flip(d, np.random.default_rng(1)) == pytest.approx(exact, abs=0.01)

    @pytest.mark.parametrize(
        "differences, message",
        [
            (np.array([]), "at least one pair"),
            (np.array([1, np.nan]), "no NaN"),
            (np.ones(20), "no generator for 20 pairs"),
        ],
    )
    def test_refuses(self, differences, message):
        with pytest.raises(ValueError, match=message):
            sign_flip(differences)


@pytest.mark.parametrize(
    "given_p, expected",
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.6, 0.7], [1.0, 1.0]),
    ],
)
def test_holm(given_p, expected):
    assert holm(given_p) == pytest.approx(expected)
