"""What rows of a report share, against each of them on its own and against plain definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.across import hyperparameter_sensitivity
from gofau_studies.metrics.aggregate import probability_of_improvement, resampled_improvement
from gofau_studies.metrics.basin import basin_volume
from gofau_studies.metrics.grid import Grid, weighted_mean
from gofau_studies.metrics.maps import Maps
from gofau_studies.metrics.scalar import sampled_interval, sampled_intervals
from gofau_studies.metrics.sensitivity import (
    lr_sensitivity,
    mean_lr_sensitivity,
    windowed_lr_sensitivity,
)
from gofau_studies.metrics.tuning import ascending, expected_best
from gofau_studies.report import resampled as evaluated
from gofau_studies.report.levels import Levels, best_costs
from gofau_studies.report.resampled import evaluate, evaluate_rows
from gofau_studies.report.rows import rows_of
from gofau_studies.statistics.bootstrap import mean_maps, resampled_means, seed_counts
from tests.studies.statistics.test_resampled_rows import (
    CONTEXT,
    DRAWS,
    PARTIAL,
    SEEDS,
    WHOLE,
)

LAWS = settings(max_examples=60, deadline=None, derandomize=True)
COSTS = st.one_of(st.floats(-5, 5), st.sampled_from([0.0, 1.0, np.nan]))
LEVELS = Levels(given=0.2, share=0.1, cap=WHOLE.cost_cap, level=0.95)
GRID = Grid(np.logspace(-3, 0, 7), np.logspace(-1, 1, 4))


def only_one_init(landscape: Landscape) -> Landscape:
    """The landscape's first init scale alone."""
    return Landscape(
        key=landscape.key,
        goal=landscape.goal,
        lr=landscape.lr,
        init_scale=landscape.init_scale[:1],
        seeds=landscape.seeds,
        loss=landscape.loss[:, :1],
        outcome=landscape.outcome[:, :1],
        cap=landscape.cap,
    )


@pytest.mark.parametrize(
    "made", [WHOLE, PARTIAL, only_one_init(WHOLE)], ids=["whole", "partial", "one init scale"]
)
class TestRows:
    def test_together_are_those_alone(self, made: Landscape) -> None:
        together = evaluate_rows(made, DRAWS, CONTEXT)
        assert set(together) == {row.name for row in rows_of(made)}
        for row in rows_of(made):
            np.testing.assert_array_equal(
                together[row.name], row.evaluate(made, DRAWS, CONTEXT), row.name
            )

    def test_in_threads_are_those_alone(
        self, made: Landscape, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def parts(landscape: Landscape, resamples: int, most: int) -> list[slice]:
            return [slice(at, at + 40) for at in range(0, resamples, 40)]

        monkeypatch.setattr(evaluated, "chunks", parts)
        [found] = evaluate([made], {made.seeds: DRAWS}, CONTEXT, LEVELS)
        once, alone = np.ones((1, SEEDS)), np.eye(SEEDS)
        for row in rows_of(made):
            for values, counts, context in (
                (found.point, once, CONTEXT),
                (found.each, alone, LEVELS.context(best_costs(made, alone))),
                (found.samples, DRAWS, LEVELS.context(best_costs(made, DRAWS))),
            ):
                np.testing.assert_allclose(
                    values[row.name],
                    row.evaluate(made, counts, context),
                    rtol=1e-12,
                    atol=1e-14,
                    err_msg=row.name,
                )


@pytest.mark.parametrize("made", [WHOLE, PARTIAL], ids=["whole", "partial"])
def test_mean_maps_are_resampled_means(made: Landscape) -> None:
    maps = np.concatenate(list(mean_maps(made.cost, DRAWS)))
    np.testing.assert_allclose(maps, resampled_means(made.cost, DRAWS), rtol=1e-13)


@LAWS
@given(npst.arrays(np.float64, (3, 7, 4), elements=COSTS), st.lists(st.floats(-6, 6), min_size=1))
def test_volumes_below_several_levels_are_those_below_each(
    values: Floats, levels: list[float]
) -> None:
    maps = Maps(values)
    for level in levels:
        expected = basin_volume(values.copy(), GRID, level)
        np.testing.assert_array_equal(maps.volume_below(GRID, level), expected)


@LAWS
@given(npst.arrays(np.float64, (5, 6), elements=COSTS))
def test_a_weighted_mean_leaves_out_what_is_missing(values: Floats) -> None:
    weights = np.array([0.1, 0.2, 0.0, 0.3, 0.3, 0.1])
    for row, found in zip(values, weighted_mean(values, weights), strict=True):
        known = ~np.isnan(row)
        total = weights[known].sum()
        expected = (row[known] * weights[known]).sum() / total if total > 0 else np.nan
        assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


@LAWS
@given(npst.arrays(np.float64, (4, 7, 4), elements=COSTS))
def test_sensitivities_of_maps_are_means_of_their_columns(maps: Floats) -> None:
    columns = lr_sensitivity(np.swapaxes(maps, -1, -2), GRID.lr_weights, 2.0)
    expected = weighted_mean(columns, GRID.init_weights)
    np.testing.assert_allclose(mean_lr_sensitivity(maps, GRID, 2.0), expected, atol=1e-13)


def window(curve: Floats, x: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    """Places and values of a curve from low to high, point by point."""
    low, high = max(low, x[0]), min(high, x[-1])
    places = [at for at in x if low - 1e-9 <= at <= high + 1e-9]
    places += [end for end in (low, high) if min(abs(end - x)) > 1e-9]
    at = np.array(sorted(places))
    right = np.clip(np.searchsorted(x, at - 1e-9), 1, len(x) - 1)
    part = (at - x[right - 1]) / (x[right] - x[right - 1])
    mixed = (1 - part) * curve[right - 1] + part * curve[right]
    near = np.abs(at[:, None] - x).argmin(axis=1)
    return at, np.where(np.abs(at - x[near]) <= 1e-9, curve[near], mixed)


@LAWS
@given(npst.arrays(np.float64, (4, 7, 4), elements=COSTS), st.sampled_from([0.3, 0.7, 1.0, 2.2]))
def test_a_window_is_a_grid_of_its_own(maps: Floats, decades: float) -> None:
    found = windowed_lr_sensitivity(maps, GRID, 2.0, decades)
    for map_, value in zip(maps, found, strict=True):
        profile = weighted_mean(map_, GRID.init_weights)
        centre = GRID.x[0 if np.isnan(profile).all() else np.nanargmin(profile)]
        cuts = [
            window(np.minimum(column, 2.0), GRID.x, centre - decades, centre + decades)
            for column in map_.T
        ]
        own = Grid(10 ** cuts[0][0], GRID.init_scale)
        expected = mean_lr_sensitivity(np.stack([y for _, y in cuts], axis=-1), own, 2.0)
        assert value == pytest.approx(expected, abs=1e-12, nan_ok=True)


NUMBERS = st.one_of(
    st.floats(-1e6, 1e6), st.floats(0, 1e-3), st.sampled_from([0.0, -0.0, 1.0, np.inf])
)


@LAWS
@given(npst.arrays(np.float64, npst.array_shapes(max_dims=2, max_side=40), elements=NUMBERS))
def test_ascending_places_are_a_permutation_in_order(values: Floats) -> None:
    order = ascending(values)
    np.testing.assert_array_equal(np.sort(order, axis=-1), np.argsort(np.sort(order), axis=-1))
    ranked = np.take_along_axis(values, order, axis=-1)
    finite = np.where(np.isinf(values), 0.0, values)
    reach = np.ptp(finite, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        falls = ranked[..., :-1] - ranked[..., 1:]
    # Of numbers near the smallest double there are too few digits to leave the place any.
    assert (np.isnan(falls) | (falls <= 1e-11 * reach + 1e-300)).all()


@LAWS
@given(
    npst.arrays(np.float64, (3, 9), elements=COSTS),
    npst.arrays(np.float64, 9, elements=st.floats(0.01, 1)),
)
def test_expected_best_is_the_sum_over_ranks(costs: Floats, weights: Floats) -> None:
    draws = np.array([1.0, 2.0, 3.5, 10.0, 11.0])
    found = expected_best(costs, weights, draws)
    for row, values in zip(costs, found, strict=True):
        known = np.flatnonzero(~np.isnan(row))
        if known.size == 0:
            assert np.isnan(values).all()
            continue
        order = known[np.argsort(row[known], kind="stable")]
        above = 1 - np.append(0, np.cumsum(weights[order])) / weights[order].sum()
        powers = np.clip(above, 0, 1)[:, None] ** draws
        expected = row[order] @ (powers[:-1] - powers[1:])
        np.testing.assert_allclose(values, expected, atol=1e-12)


def test_the_best_of_a_finite_and_infinite_costs_is_infinite() -> None:
    found = expected_best(np.array([1.0, np.inf, np.inf]), np.ones(3), np.array([1.0, 5.0]))
    assert found.tolist() == [np.inf, np.inf]


@LAWS
@given(
    npst.arrays(np.float64, (4, 2), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])),
    npst.arrays(np.float64, (3, 2), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])),
    st.integers(0, 1000),
)
def test_improvement_by_counts_is_that_of_the_runs(ours: Floats, theirs: Floats, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(len(runs), size=(20, *runs.shape[:1], 2)) for runs in (ours, theirs)]
    runs = [
        np.stack([r[d[..., p], p] for p in range(2)], axis=-1)
        for r, d in zip((ours, theirs), drawn, strict=True)
    ]
    counts = [
        [(d[..., p][..., None] == np.arange(d.shape[1])).sum(axis=1) * 1.0 for p in range(2)]
        for d in drawn
    ]
    found = resampled_improvement(list(ours.T), list(theirs.T), *counts)
    np.testing.assert_array_equal(found, probability_of_improvement(*runs))


@LAWS
@given(npst.arrays(np.float64, (6, 5, 3), elements=COSTS))
def test_settings_without_a_problem_drop_out(scores: Floats) -> None:
    for table, found in zip(scores, hyperparameter_sensitivity(scores), strict=True):
        whole = table[~np.isnan(table).any(axis=1)]
        expected = whole.max(axis=0).mean() - whole.mean(axis=1).max() if len(whole) else np.nan
        assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


SAMPLES = st.one_of(st.floats(-1e3, 1e3), st.sampled_from([np.nan, np.inf]))


@LAWS
@given(npst.arrays(np.float64, st.tuples(st.integers(2, 30), st.integers(0, 4)), elements=SAMPLES))
def test_intervals_of_columns_are_those_of_each(samples: Floats) -> None:
    alone = [sampled_interval(column, 5, 0.95) for column in samples.T]
    assert sampled_intervals(samples, 5, 0.95) == alone
    assert sampled_intervals(samples, 1, 0.95) == [None] * samples.shape[1]


def test_a_group_evaluates_rules_on_the_seeds_that_each_ran() -> None:
    few = WHOLE.with_seeds([0, 1, 2]).renamed("hybrid")
    draws = {m.seeds: seed_counts(len(m.seeds), 50, np.random.default_rng(0)) for m in (WHOLE, few)}
    found = evaluate([WHOLE, few], draws, CONTEXT, LEVELS)
    assert [e.landscape for e in found] == [WHOLE, few]
    for one in found:
        np.testing.assert_allclose(
            one.samples["best"],
            np.nanmin(resampled_means(one.landscape.cost, draws[one.landscape.seeds]), axis=(1, 2)),
        )
