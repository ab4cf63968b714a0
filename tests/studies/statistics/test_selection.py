from itertools import combinations

import numpy as np
import pytest

from gofau_studies.metrics.optimum import best_cost
from gofau_studies.statistics.bootstrap import seed_means
from gofau_studies.statistics.selection import MOST_SPLITS, halves, held_out_best, split_half_best


@pytest.mark.parametrize(
    "seeds, splits", [(2, 2), (5, 10), (8, 70), (12, MOST_SPLITS), (200, MOST_SPLITS)]
)
def test_halves(seeds, splits):
    picks = halves(seeds)
    assert picks.shape == (splits, seeds)
    assert (picks.sum(axis=1) == seeds // 2).all()
    assert len({tuple(row) for row in picks}) == splits


def test_few_seeds_get_every_half():
    found = {tuple(np.flatnonzero(row)) for row in halves(6)}
    assert found == set(combinations(range(6), 3))


def test_one_seed_has_no_halves():
    with pytest.raises(ValueError, match="expected two or more"):
        halves(1)


def test_the_winner_of_pure_noise_is_no_winner():
    rng = np.random.default_rng(0)
    naive, fair = [], []
    for _ in range(40):
        noise = rng.standard_normal((11, 9, 10))
        naive.append(float(best_cost(seed_means(noise))))
        fair.append(split_half_best(noise))
    assert np.mean(naive) < -0.6
    assert abs(np.mean(fair)) < 0.1


def test_without_noise_both_agree():
    values = np.random.default_rng(1).random((4, 3, 1)) * np.ones(6)
    assert split_half_best(values) == pytest.approx(values.min())


def test_halves_without_a_drawn_seed_are_undefined():
    values = np.ones((2, 2, 4))
    picks = np.array([[True, True, False, False]])
    assert np.isnan(held_out_best(values, np.array([[4.0, 0, 0, 0]]), picks)).all()
    assert np.isnan(held_out_best(values, np.array([[0.0, 0, 0, 4]]), picks)).all()
