"""Random configurations and starts: ranges, pairing, repetition."""

from dataclasses import replace

import numpy as np
import pytest

from reproduce.protocol import Case, CellKey, Protocol
from reproduce.published import RULES
from reproduce.sampling import Around, draw, draw_around, random_starts

PROTOCOL = Protocol(repetitions=4)
HYBRID = CellKey(PROTOCOL.rosenbrock, "adam", "hybrid")


@pytest.mark.parametrize("rule", RULES)
def test_draws_stay_inside_the_windows(rule: str) -> None:
    windows = PROTOCOL.windows(PROTOCOL.rosenbrock, "adam")
    for name, values in draw(PROTOCOL, replace(HYBRID, rule=rule), 50).items():
        low, high = windows[name]
        assert values.shape == (4, 50)
        assert (values >= low).all()
        assert (values <= high).all()


def test_step_sizes_are_uniform_in_logarithm() -> None:
    low, high = PROTOCOL.windows(PROTOCOL.rosenbrock, "adam")["lr"]
    lr = draw(PROTOCOL, HYBRID, 2500)["lr"]
    share = np.log(lr / low) / np.log(high / low)
    counts, _ = np.histogram(share, bins=10, range=(0, 1))
    assert counts.sum() == 10_000
    assert abs(counts - 1000).max() < 150


def test_rules_share_their_draws() -> None:
    hybrid = draw(PROTOCOL, HYBRID, 5)
    for rule in ("additive", "multiplicative"):
        for name, values in draw(PROTOCOL, replace(HYBRID, rule=rule), 5).items():
            np.testing.assert_array_equal(values, hybrid[name])


def test_a_seed_repeats_and_another_differs() -> None:
    first = draw(PROTOCOL, HYBRID, 5)["lr"]
    np.testing.assert_array_equal(first, draw(PROTOCOL, HYBRID, 5)["lr"])
    assert (first != draw(replace(PROTOCOL, seed=1), HYBRID, 5)["lr"]).all()


def test_draws_around_a_point_stay_near_it_and_inside_the_windows() -> None:
    edge = {"lr": np.full(4, 1e-2), "lr_out": np.ones(4), "gamma": np.full(4, 0.95)}
    near = draw_around(PROTOCOL, HYBRID, Around(edge, 1.0), 200, index=1)
    assert set(near) == set(edge)
    assert (abs(np.log10(near["lr"] / 1e-2)) <= 0.5).all()
    assert near["lr_out"].max() <= 1.0
    assert near["lr_out"].min() >= 10**-0.5
    assert near["gamma"].min() >= 0.85
    assert near["gamma"].max() <= 1.0


@pytest.mark.parametrize("starts", ["same-orthant", "any-direction"])
@pytest.mark.parametrize("case", [PROTOCOL.convex, PROTOCOL.rosenbrock], ids=lambda c: c.name)
def test_random_starts_keep_the_distance(starts: str, case: Case) -> None:
    protocol = Protocol(repetitions=4, starts="same-orthant" if "same" in starts else starts)
    key = replace(HYBRID, case=case)
    points = random_starts(protocol, key, "starts", 300)
    distances = np.linalg.norm(points - np.array(key.case.minimum), axis=-1)
    assert points.shape == (4, 300, 2)
    np.testing.assert_allclose(distances, key.case.distance)
    assert bool((points > 0).all()) is (starts == "same-orthant")


def test_tuning_starts_are_not_used_again() -> None:
    tuning = random_starts(PROTOCOL, HYBRID, "tuning starts", 10)
    fresh = random_starts(PROTOCOL, HYBRID, "starts", 10)
    assert not np.isin(tuning, fresh).any()
