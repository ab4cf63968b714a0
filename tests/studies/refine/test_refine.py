"""Refinement: a narrower bracket for the same budget, the same for every rule, on every shape."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gofau_studies.landscape.landscape import AddedCells, Landscape, LandscapeError, OutcomeCode
from gofau_studies.landscape.refined import attach
from gofau_studies.metrics.basin import basin_volume
from gofau_studies.metrics.grid import Grid
from gofau_studies.refine.basin import mesh_of, refined_volumes, resolution
from gofau_studies.refine.choose import Sides, midpoints
from gofau_studies.refine.mesh import Mesh
from gofau_studies.report.robustness.basin import own_basin
from gofau_studies.report.robustness.basin import refined as refined_row
from gofau_studies.report.row import Context
from gofau_studies.report.rows import ROWS
from gofau_studies.spec.search import ROUNDS
from gofau_studies.statistics.bootstrap import seed_counts, seed_means
from tests.studies.refine import shapes

Make = Callable[..., Landscape]


def bracket(
    points: np.ndarray, shape: shapes.Shape, steps: tuple[float, float]
) -> tuple[float, float]:
    cost = shape(points).cost
    return Mesh.of(points, steps).bracket(cost <= cost.min() + shapes.TOLERANCE)


@pytest.mark.parametrize("name", shapes.SHAPES)
def test_the_bracket_is_less_than_half_that_of_a_grid_of_the_same_budget(name: str) -> None:
    shape = shapes.SHAPES[name]
    points = shapes.refined(shape, 9, 9, added=144, rounds=ROUNDS)
    dense, steps = shapes.grid(15, 15)
    assert len(points) == len(dense) == 225
    low, high = bracket(points, shape, shapes.grid(9, 9)[1])
    dense_low, dense_high = bracket(dense, shape, steps)
    assert high - low <= 0.5 * (dense_high - dense_low)
    assert low <= shapes.true_area(shape) <= high


@pytest.mark.parametrize("name", shapes.SHAPES)
def test_the_refined_volume_is_nearer_the_truth(name: str) -> None:
    shape = shapes.SHAPES[name]
    truth = shapes.true_area(shape)
    points = shapes.refined(shape, 9, 9, added=144, rounds=ROUNDS)
    dense, steps = shapes.grid(15, 15)
    errors = []
    for at, unit in ((points, shapes.grid(9, 9)[1]), (dense, steps)):
        cost = shape(at).cost
        volume = Mesh.of(at, unit).area_below(cost, cost.min() + shapes.TOLERANCE)
        errors.append(abs(float(volume) - truth))
    assert errors[0] < errors[1]


@pytest.mark.parametrize(
    "sides",
    [
        Sides(np.zeros(16), np.zeros(16)),
        Sides(np.full(16, 2.3), np.ones(16)),
        Sides(np.r_[0.0, np.full(15, 2.3)], np.r_[0.0, np.ones(15)]),
        Sides(np.linspace(0, 2, 16), np.r_[np.zeros(8), np.ones(8)]),
    ],
)
@pytest.mark.parametrize("count", [1, 5, 100])
def test_every_map_takes_its_share_of_new_places(sides: Sides, count: int) -> None:
    points, steps = shapes.grid(4, 4)
    added = midpoints(points, sides, 0.5, count, steps)
    assert added.shape == (count, 2)
    both = np.concatenate([points, added])
    assert len(np.unique(np.round(both, 9), axis=0)) == len(both)
    assert (added >= points.min(axis=0)).all()
    assert (added <= points.max(axis=0)).all()


def test_the_first_new_places_lie_between_inside_and_outside() -> None:
    points, steps = shapes.grid(9, 9)
    sides = shapes.disc(points)
    level = float(sides.cost.min()) + shapes.TOLERANCE
    mesh = Mesh.of(points, steps)
    inside = sides.cost <= level
    crossing = {
        tuple(np.round(points[list(edge)].mean(axis=0), 9))
        for edge in mesh.edges.reshape(-1, 2)
        if inside[edge[0]] != inside[edge[1]]
    }
    added = midpoints(points, sides, level, 10, steps)
    assert {tuple(p) for p in np.round(added, 9)} <= crossing


def test_without_a_basin_the_edge_of_stability_is_looked_at() -> None:
    points, steps = shapes.grid(9, 9)
    dead = points[:, 0] > 0
    sides = Sides(np.full(81, 1.0), dead * 1.0)
    added = midpoints(points, sides, 2.0, 6, steps)
    assert ((added[:, 0] > -0.01) & (added[:, 0] < 0.51)).all()


@given(st.integers(0, 10_000))
def test_areas_below_and_the_bracket_are_consistent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, steps = shapes.grid(5, 4)
    values = rng.random(20)
    mesh = Mesh.of(points, steps)
    assert mesh.areas.sum() == pytest.approx(8)
    levels = np.array([-1.0, 0.3, 0.6, 2.0])
    areas = mesh.area_below(np.tile(values, (4, 1)), levels)
    assert areas[0] == 0
    assert areas[3] == pytest.approx(8)
    assert (np.diff(areas) >= 0).all()
    low, high = mesh.bracket(values <= 0.6)
    assert low - 1e-9 <= areas[2] <= high + 1e-9


def test_a_plane_has_its_exact_area_below_a_level() -> None:
    points, steps = shapes.grid(5, 4)
    mesh = Mesh.of(points, steps)
    assert mesh.area_below(points[:, 0], 0.0) == pytest.approx(6)
    assert mesh.area_below(points[:, 0] + 2 * points[:, 1], -1.0) == pytest.approx(4)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.array([[0.0, 0], [0, 1], [1, 0], [0, 1]]), "cells: got two at one place"),
        (np.array([[0.0, 0], [1, 1], [2, 2]]), "cells: got 3 on a line"),
    ],
)
def test_places_that_span_no_plane_are_refused(points: np.ndarray, message: str) -> None:
    with pytest.raises(LandscapeError, match=message):
        Mesh.of(points, (1.0, 1.0))


def with_added(landscape: Landscape, count: int) -> Landscape:
    rng = np.random.default_rng(0)
    lr, init = 10 ** rng.uniform(-3.9, 0.9, count), 10 ** rng.uniform(-1.4, 1.4, count)
    away = np.log10(lr) + 1 - np.log10(init)
    loss = np.tile((0.1 + 0.3 * away**2 + 0.2 * np.log10(init) ** 2)[:, None], (1, 5))
    outcome = np.where(away[:, None] > 1.5, OutcomeCode.DIVERGED, OutcomeCode.BUDGET_EXHAUSTED)
    codes = np.broadcast_to(outcome, loss.shape).astype(np.int8)
    return replace(landscape, added=AddedCells(lr, init, loss, codes))


def test_without_added_cells_the_mesh_measures_what_the_grid_does(bowl: Make) -> None:
    landscape = bowl(points=(21, 19))
    level = seed_means(landscape.cost).min() + 0.2
    grid = float(basin_volume(seed_means(landscape.cost), Grid.of(landscape), level))
    [mesh] = refined_volumes(landscape, np.ones((1, 5)), lambda best, part: best + 0.2)
    assert mesh == pytest.approx(grid, rel=0.02)


def test_added_cells_move_the_basin_towards_that_of_a_finer_grid(bowl: Make) -> None:
    def volume(landscape: Landscape) -> float:
        row = refined_row(own_basin, own=True)
        return float(row(landscape, np.ones((1, 5)), Context(0.2, 0.1))[0])

    fine, coarse = volume(bowl(points=(121, 101))), bowl(points=(7, 5))
    dense = with_added(coarse, 600)
    assert abs(volume(dense) - fine) < 0.25 * abs(volume(coarse) - fine)
    once = np.ones((1, 5))
    low, high = resolution(dense, once, lambda best, part: best + 0.2)
    coarse_low, coarse_high = resolution(coarse, once, lambda best, part: best + 0.2)
    assert high - low < coarse_high - coarse_low
    assert low < volume(dense) < high


def test_a_bracket_is_resampled_with_the_seeds_and_has_no_ends_without_a_basin(bowl: Make) -> None:
    landscape = bowl(noise=0.2)
    counts = seed_counts(5, 20, np.random.default_rng(0))
    low, high = resolution(landscape, counts, lambda best, part: best + 0.2)
    for k, draw in enumerate(counts):
        alone = resolution(landscape, draw[None], lambda best, part: best + 0.2)
        assert [float(end[0]) for end in alone] == pytest.approx([low[k], high[k]])
    assert (low <= high).all()
    assert len(set(high)) > 1
    none = resolution(landscape, counts, lambda best, part: np.full(best.shape, np.nan))
    assert np.isnan(none).all()


def test_the_report_gives_the_bracket_around_the_basin(bowl: Make) -> None:
    rows = {row.name: row for row in ROWS}
    landscape, once = bowl(), np.ones((1, 5))
    least, volume, most = (
        float(rows[name].evaluate(landscape, once, Context(0.2, 0.1))[0])
        for name in ("basin_least", "basin_volume", "basin_most")
    )
    assert least < volume < most
    assert not rows["basin_least"].applies(bowl(points=(11, 1)))


def test_added_cells_follow_the_seeds_of_their_landscape(bowl: Make) -> None:
    landscape = with_added(bowl(noise=0.01), 8)
    few = landscape.with_seeds([3, 1])
    assert few.added_cost.shape == (8, 2)
    assert np.array_equal(few.added_cost, landscape.added_cost[:, [3, 1]])
    assert len(mesh_of(few).points) == few.cost[..., 0].size + 8


def test_refined_trials_find_their_landscape(bowl: Make) -> None:
    landscapes = [bowl(rule, seeds=2) for rule in ("additive", "hybrid")]
    rows = [
        {"lr": 0.02, "init_scale": 1.1, "seed": 0, "state": "completed", "outcome": "diverged"},
        {"lr": 0.02, "init_scale": 1.1, "seed": 1, "state": "failed", "outcome": None},
        {
            "lr": 0.03,
            "init_scale": 0.9,
            "seed": 0,
            "state": "completed",
            "outcome": "reached_target",
        },
        {"lr": 0.03, "init_scale": 0.9, "seed": 1, "state": "waiting", "outcome": None},
    ]
    key = {"problem": "digits-mlp", "direction": "sgd", "rule": "hybrid"}
    values = [np.nan, np.nan, 0.2, np.nan]
    table = pd.DataFrame([{**key, **row, "value": v} for row, v in zip(rows, values, strict=True)])
    alone, found = attach(landscapes, table)
    assert alone.added is None
    assert found.added is not None
    assert found.added_cost[1].tolist()[0] == 0.2
    assert found.added_cost[0].tolist()[0] == found.cap
    assert np.isnan(found.added_cost[:, 1]).all()
    assert attach(landscapes, table.iloc[:0]) == landscapes
