"""Fast versions of what is resampled, against the plain way to work it out."""

from itertools import pairwise

import numpy as np
import pytest

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import GoalMetric, Landscape, LandscapeKey, OutcomeCode
from gofau_studies.metrics.basin import area_below
from gofau_studies.metrics.grid import trapezoid_weights
from gofau_studies.metrics.tuning import expected_best
from gofau_studies.metrics.variance import resampled_variance_shares, variance_shares
from gofau_studies.report.row import Context, Row
from gofau_studies.report.rows import rows_of
from gofau_studies.statistics.bootstrap import BLOCK_VALUES, resampled_means, seed_counts
from gofau_studies.statistics.selection import halves, held_out_best

SEEDS, POINTS = 6, (41, 37)
CONTEXT = Context(tolerance=0.2, shared_best=0.1)


def landscape(missing: bool) -> Landscape:
    """A noisy valley with a diverging edge, so large that resamples take several blocks."""
    rng = np.random.default_rng(5)
    lr, init = np.logspace(-4, 1, POINTS[0]), np.logspace(-1.5, 1.5, POINTS[1])
    away = np.log10(lr)[:, None, None] + 1 - np.log10(init)[None, :, None]
    loss = 0.1 + 0.3 * away**2 + 0.05 * rng.standard_normal((*POINTS, SEEDS))
    outcome = np.where(away > 1.5, OutcomeCode.DIVERGED, OutcomeCode.BUDGET_EXHAUSTED)
    outcome = np.broadcast_to(outcome, loss.shape).copy()
    if missing:
        outcome[rng.random(loss.shape) < 0.03] = OutcomeCode.MISSING
    known = outcome == OutcomeCode.BUDGET_EXHAUSTED
    return Landscape(
        key=LandscapeKey("p", "sgd", "additive"),
        goal=GoalMetric("val_loss", target=0.3),
        lr=lr,
        init_scale=init,
        seeds=tuple(range(SEEDS)),
        loss=np.where(known, loss, np.nan),
        outcome=outcome.astype(np.int8),
        cap=float(np.log(10)),
        steps_to_target=np.where(loss < 0.3, np.ceil(20 + 30 * away**2), np.inf),
        frozen_fraction=rng.random(loss.shape),
    )


WHOLE, PARTIAL = landscape(missing=False), landscape(missing=True)
DRAWS = seed_counts(
    SEEDS, 2 * BLOCK_VALUES // (POINTS[0] * POINTS[1]) + 7, np.random.default_rng(1)
)
ONE_BY_ONE = [row for row in rows_of(WHOLE) if row.name != "best_held_out"]


@pytest.mark.parametrize("made", [WHOLE, PARTIAL], ids=["whole", "partial"])
@pytest.mark.parametrize("row", ONE_BY_ONE, ids=lambda row: str(row.name))
def test_resamples_at_once_are_those_one_at_a_time(row: Row, made: Landscape) -> None:
    together = row.evaluate(made, DRAWS, CONTEXT)
    each = np.concatenate([row.evaluate(made, draw[None], CONTEXT) for draw in DRAWS])
    np.testing.assert_allclose(together, each, rtol=1e-12, atol=1e-14)


def test_variance_of_resamples_is_that_of_their_maps() -> None:
    lr, init = (trapezoid_weights(np.log10(axis)) for axis in (WHOLE.lr, WHOLE.init_scale))
    maps, squares = (resampled_means(v, DRAWS) for v in (WHOLE.cost, WHOLE.cost**2))
    fast = resampled_variance_shares(WHOLE.cost, DRAWS, lr, init)
    np.testing.assert_allclose(fast, variance_shares(maps, squares, lr, init), rtol=1e-9)


def test_an_additive_map_has_no_interaction_in_any_resample() -> None:
    rng = np.random.default_rng(0)
    values = 1e3 + rng.random((5, 1, SEEDS)) + rng.random((1, 4, SEEDS))
    fast = resampled_variance_shares(values, DRAWS, np.full(5, 0.2), np.full(4, 0.25))
    assert np.abs(fast.interaction).max() < 1e-20
    np.testing.assert_allclose(sum(fast), 1.0)


def test_held_out_seeds_score_the_cell_that_the_others_pick() -> None:
    splits = halves(SEEDS)
    picks = splits[np.arange(len(DRAWS)) % len(splits)]
    flat = PARTIAL.cost.reshape(-1, SEEDS)
    expected = []
    for draw, pick in zip(DRAWS, picks, strict=True):
        picking, scoring = (resampled_means(flat, (draw * p)[None])[0] for p in (pick, ~pick))
        nothing = np.isnan(picking).all()
        expected.append(np.nan if nothing else scoring[np.nanargmin(picking)])
    np.testing.assert_allclose(held_out_best(PARTIAL.cost, DRAWS, picks), expected, rtol=1e-12)


def test_consecutive_draws_cost_what_each_alone_costs() -> None:
    costs = np.random.default_rng(2).random((3, 50))
    costs[0, costs[0] < 0.1] = np.nan
    draws = np.array([1.0, 2, 3, 4, 10, 11, 50])
    weights = np.random.default_rng(3).random(50)
    alone = [expected_best(costs, weights, draws[[k]])[:, 0] for k in range(len(draws))]
    np.testing.assert_allclose(
        expected_best(costs, weights, draws), np.stack(alone, axis=-1), rtol=1e-12
    )


def triangle(corners: list[float], level: float) -> float:
    """The share of a triangle below a level, straight from its formula."""
    a, b, c = sorted(corners)
    if level < b:
        return (level - a) ** 2 / ((b - a) * (c - a)) if level > a else 0.0
    return 1.0 - (c - level) ** 2 / ((c - a) * (c - b)) if level < c else 1.0


def area(map_: Floats, x: Floats, z: Floats, level: float) -> float:
    """The area below a level, triangle by triangle."""
    total = 0.0
    for (i, left), (k, right) in pairwise(enumerate(x)):
        for (j, low), (m, high) in pairwise(enumerate(z)):
            ring = [float(map_[at]) for at in ((i, j), (k, j), (k, m), (i, m))]
            if not np.isnan(ring).any():
                centre = sum(ring) / 4
                edges = pairwise([*ring, ring[0]])
                shares = [triangle([*edge, centre], level) for edge in edges]
                total += (right - left) * (high - low) * sum(shares) / 4
    return total


@pytest.mark.parametrize("digits", [1, 12], ids=["many equal values", "no equal values"])
@pytest.mark.parametrize("shape", [(2, 2), (2, 7), (7, 2), (6, 5)])
def test_areas_are_those_of_the_triangles(shape: tuple[int, int], digits: int) -> None:
    rng = np.random.default_rng(11)
    maps = np.round(rng.random((20, *shape)), digits)
    maps[rng.random(maps.shape) < 0.05] = np.nan
    x, z = np.cumsum(rng.random(shape[0])), np.cumsum(rng.random(shape[1]))
    levels = np.round(rng.random(20), digits)
    expected = [area(m, x, z, float(top)) for m, top in zip(maps, levels, strict=True)]
    np.testing.assert_allclose(area_below(maps, x, z, levels), expected, rtol=1e-12, atol=1e-15)
