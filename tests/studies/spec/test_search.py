"""What a spec may ask of a search, and the points that it gives at submission."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gofau_studies.errors import SpecError
from gofau_studies.landscape.bin_counts import bins
from gofau_studies.spec import parse_yaml, to_yaml
from gofau_studies.spec.axes import Axis
from gofau_studies.spec.cells import cells
from gofau_studies.spec.draws import at_submission
from gofau_studies.spec.search import Refine, Search
from gofau_studies.spec.space import Space

BASE = """
name: search
problem: digits-mlp
epochs: 2
directions: [sgd]
rules: [additive, {name: hybrid, gamma: 0.5}]
axes:
  lr: {log: [0.001, 10]}
  init_scale: {log: [0.1, 10]}
seeds: 2
search: {sampler: tpe, trials: 30}
"""
GRID = BASE.replace("]}", "], points: 4}").replace("{sampler: tpe, trials: 30}", "grid")

FAULTS = [
    ("{sampler: tpe, trials: 30}", "tpe", "search.trials: got None, expected an integer in"),
    ("trials: 30", "trials: 0", "search.trials: got 0, expected greater than or equal to 1"),
    ("tpe", "bayes", "search.sampler: got 'bayes', expected 'grid', 'random', 'sobol'"),
    ("tpe, trials: 30", "grid, seed: 1", "search.seed: got 1, expected nothing beside a grid"),
    ("trials: 30", "trials: 30, batch: 1", "search.batch: got 1, expected greater than or"),
    ("log: [0.001, 10]", "values: [1, 2]", "axes.lr.values: got [1.0, 2.0], expected a log or"),
    ("seeds: 2", "seeds: 2\nrefine: {trials: 3}", "refine: got 'tpe', expected a grid to refine"),
    ("{sampler: tpe, trials: 30}", "grid", "axes.lr.points: got None, expected an integer in"),
    ("log: [0.001, 10]", "log: [-1, 10]", "axes.lr.log: got [-1.0, 10.0], expected positive"),
    ("log: [0.001, 10]", "linear: [-1, 10]", "axes.lr: got -1.0, expected a finite number >"),
    (
        "  init_scale: {log: [0.1, 10]}\nseeds: 2\nsearch: {sampler: tpe",
        "seeds: 2\nsearch: {sampler: cmaes",
        "search.sampler: got 'cmaes', expected a sampler for a single axis",
    ),
]
REFINE_FAULTS = [
    ("{trials: 0}", "refine.trials: got 0, expected greater than or equal to 1"),
    ("{trials: 3, rounds: 4}", "refine.rounds: got 4, expected at most trials = 3"),
    ("true", "refine: got True, expected a mapping"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_a_fault_of_a_search_is_named(old: str, new: str, message: str) -> None:
    assert old in BASE
    with pytest.raises(SpecError) as caught:
        parse_yaml(BASE.replace(old, new))
    assert message in str(caught.value)


@pytest.mark.parametrize(("refine", "message"), REFINE_FAULTS)
def test_a_fault_of_a_refinement_is_named(refine: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_yaml(f"{GRID}refine: {refine}")
    assert message in str(caught.value)


def test_only_a_grid_of_two_dimensions_is_refined() -> None:
    one = GRID.replace("init_scale: {log: [0.1, 10], points: 4}", "init_scale: {values: [1.0]}")
    with pytest.raises(SpecError, match="refine: got 'an axis of one value'"):
        parse_yaml(f"{one}refine: {{trials: 3}}")


def test_a_grid_is_written_and_hashed_as_before_searches() -> None:
    spec = parse_yaml(GRID)
    assert spec.model_dump(mode="json")["search"] == "grid"
    assert spec == parse_yaml(GRID.replace("grid", "{sampler: grid}"))
    assert "\nsearch" not in to_yaml(spec)
    refined = parse_yaml(f"{GRID}refine: {{trials: 9}}")
    assert refined.hash != spec.hash
    assert parse_yaml(to_yaml(refined)) == refined


def test_qmc_is_sobol() -> None:
    found = [parse_yaml(BASE.replace("tpe", name)) for name in ("qmc", "sobol")]
    assert found[0] == found[1]
    assert parse_yaml(to_yaml(found[0])) == found[0]


@pytest.mark.parametrize(
    ("text", "first", "later"),
    [
        (BASE, 10, 20),
        (BASE.replace("trials: 30", "trials: 30, batch: 12"), 12, 18),
        (BASE.replace("trials: 30", "trials: 11"), 10, 1),
        (BASE.replace("tpe", "random"), 30, 0),
        (GRID, 16, 0),
        (f"{GRID}refine: {{trials: 9}}", 16, 9),
    ],
)
def test_every_rule_gets_the_same_number_of_cells(text: str, first: int, later: int) -> None:
    spec = parse_yaml(text)
    assert (spec.first_points, spec.later_points) == (first, later)
    assert spec.cell_count == 2 * (first + later)
    assert spec.trial_count == 2 * spec.cell_count
    found = list(cells(spec))
    assert len(found) == len({cell.key for cell in found}) == 2 * first
    assert [c.point for c in found[:first]] == [c.point for c in found[first:]]


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_a_larger_budget_begins_with_the_points_of_a_smaller_one(sampler: str) -> None:
    space = Space.of(parse_yaml(BASE).axes)
    few, many = (
        at_submission(Search.model_validate({"sampler": sampler, "trials": n}), space)
        for n in (7, 100)
    )
    assert many[:7] == few


def test_sobol_points_fill_the_box_evenly() -> None:
    space = Space.of(parse_yaml(BASE).axes)
    cube = space.cube(
        at_submission(Search.model_validate({"sampler": "sobol", "trials": 64}), space)
    )
    counts, _, _ = np.histogram2d(*cube.T, bins=8, range=[[0, 1], [0, 1]])
    assert (counts == 1).all()


@pytest.mark.parametrize("sampler", ["random", "sobol"])
def test_the_order_of_axes_is_how_points_are_read_and_not_what_is_drawn(sampler: str) -> None:
    axes = parse_yaml(BASE).axes
    search = Search.model_validate({"sampler": sampler, "trials": 8})
    orders = [list(axes), list(axes)[::-1]]
    drawn = [at_submission(search, Space.of({name: axes[name] for name in o})) for o in orders]
    assert drawn[0] == drawn[1]
    assert [[list(point) for point in points] for points in drawn] == [[o] * 8 for o in orders]


@given(
    st.floats(1e-8, 1e8),
    st.floats(1.001, 1e6),
    st.booleans(),
    st.lists(st.floats(0, 1), min_size=1, max_size=5),
)
def test_points_of_the_cube_are_inside_and_come_back(
    low: float, ratio: float, log: bool, places: list[float]
) -> None:
    ends = (low, low * ratio)
    space = Space({"lr": Axis(log=ends) if log else Axis(linear=ends)})
    cube = np.array(places)[:, None]
    points = space.points(cube)
    assert all(map(space.holds, points))
    assert np.allclose(space.cube(points), cube, atol=1e-6)


@pytest.mark.parametrize(("trials", "rounds"), [(1, 1), (5, 5), (6, 6), (144, 6)])
def test_a_refinement_has_six_rounds_or_as_many_as_cells(trials: int, rounds: int) -> None:
    assert Refine(trials=trials).rounds == rounds


def test_rounds_of_a_refinement_share_its_cells() -> None:
    for trials, rounds in ((9, 3), (10, 3), (7, 7), (100, 9)):
        refine = Refine(trials=trials, rounds=rounds)
        due = [refine.due(number) for number in range(1, rounds + 1)]
        assert sum(due) == trials
        assert max(due) - min(due) <= 1
        assert all(abs(a - b) <= 1 for a, b in pairwise(due))


def test_bins_follow_the_points_of_an_axis_or_the_budget() -> None:
    assert bins(parse_yaml(BASE)) == (3, 3)
    assert bins(parse_yaml(BASE.replace("10]}", "10], points: 5}", 1))) == (5, 3)
    fixed = BASE.replace("  init_scale: {log: [0.1, 10]}\n", "")
    assert bins(parse_yaml(fixed)) == (10, 1)
