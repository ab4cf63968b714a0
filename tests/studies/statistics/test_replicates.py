"""Seeds that repeat each other are no evidence; seeds that merely agree on something are."""

import dataclasses

import numpy as np
import pytest

from gofau_studies.landscape.landscape import AddedCells, Landscape, OutcomeCode
from gofau_studies.statistics.replicates import distinct_seeds, repeats


def with_losses(made: Landscape, loss: np.ndarray) -> Landscape:
    """The landscape's trials with other losses, none of them diverged or at a target."""
    outcome = np.full(loss.shape, OutcomeCode.BUDGET_EXHAUSTED, dtype=np.int8)
    return dataclasses.replace(made, loss=loss, outcome=outcome, steps_to_target=None)


def doubled(made: Landscape) -> Landscape:
    """The landscape with every seed's results given to the next one as well."""
    pairs = np.arange(made.shape[2]) // 2 * 2
    steps = None if made.steps_to_target is None else made.steps_to_target[..., pairs]
    return dataclasses.replace(
        made, loss=made.loss[..., pairs], outcome=made.outcome[..., pairs], steps_to_target=steps
    )


def test_noise_without_a_seed_leaves_one(bowl):
    made = bowl(seeds=10)
    assert repeats(made) == tuple(range(1, 10))
    kept = distinct_seeds(made)
    assert (kept.seeds, kept.repeated) == ((0,), tuple(range(1, 10)))


def test_seeds_that_come_in_pairs_leave_half(bowl):
    assert repeats(doubled(bowl(noise=0.02, seeds=8))) == (1, 3, 5, 7)


def test_different_seeds_are_all_kept(bowl):
    made = bowl(noise=0.02, seeds=8)
    assert distinct_seeds(made) is made


def test_one_cell_of_many_tells_seeds_apart(bowl):
    made = bowl(seeds=3)
    loss = made.loss.copy()
    loss[0, 0, 1] = np.nextafter(loss[0, 0, 1], 1)
    assert repeats(dataclasses.replace(made, loss=loss)) == (2,)


@pytest.mark.parametrize("what", ["outcome", "steps", "added"])
def test_any_fact_tells_seeds_apart(bowl, what):
    made = bowl(seeds=2)
    if what == "outcome":
        outcome = made.outcome.copy()
        outcome[0, 0, 1] = OutcomeCode.DIVERGED
        made = dataclasses.replace(made, outcome=outcome)
    elif what == "steps":
        steps = made.steps_to_target.copy()
        steps[5, 4, 1] += 1
        made = dataclasses.replace(made, steps_to_target=steps)
    else:
        codes = np.full((1, 2), OutcomeCode.BUDGET_EXHAUSTED, dtype=np.int8)
        added = AddedCells(np.array([0.03]), np.array([1.1]), np.array([[0.2, 0.21]]), codes)
        made = dataclasses.replace(made, added=added)
    assert repeats(made) == ()


def test_the_seed_with_the_most_results_stands_for_its_equals(bowl):
    made = bowl(seeds=4)
    outcome, loss = made.outcome.copy(), made.loss.copy()
    outcome[2, :, :2], loss[2, :, :2] = OutcomeCode.MISSING, np.nan
    kept = distinct_seeds(dataclasses.replace(made, outcome=outcome, loss=loss))
    assert (kept.seeds, kept.repeated) == ((2,), (0, 1, 3))


@pytest.mark.parametrize("value", [np.nan, 0.0, float(np.log(10)), 9.0])
def test_what_tells_nothing_of_seeds_repeats_nothing(bowl, value):
    """All diverged, at zero, at the cap or beyond it: seeds agree on that without being copies."""
    made = bowl(seeds=6, points=(3, 3))
    loss = np.full(made.shape, value)
    if np.isnan(value):
        outcome = np.full(made.shape, OutcomeCode.DIVERGED, dtype=np.int8)
        made = dataclasses.replace(made, loss=loss, outcome=outcome)
    else:
        made = with_losses(made, loss)
    assert repeats(made) == ()


def test_accuracies_of_few_cells_may_agree_by_chance(bowl):
    made = bowl(seeds=4, points=(2, 2))
    same = np.tile(np.array([[0.9, 0.85], [0.9, 0.8]])[..., None] * np.float32(1), 4)
    same[0, 0, 2:] = [329 / 360, 330 / 360]
    assert repeats(with_losses(made, same)) == ()
    many = bowl(seeds=2, points=(5, 4))
    counts = np.tile((np.arange(20).reshape(5, 4, 1) + 300) / 360, 2)
    assert repeats(with_losses(many, counts)) == (1,)
