"""The stacked training loop against closed forms, against torch and against itself."""

from typing import Any

import numpy as np
import pytest
import torch

from reproduce.protocol import CellKey, convex, rosenbrock
from reproduce.published import DIRECTIONS, RULES
from reproduce.training import ends, points

HYPER = {"lr": 1e-3, "lr_in": 0.5, "lr_out": 0.1, "gamma": 0.4}
NAMES = {"additive": ["lr"], "multiplicative": ["lr_in", "lr_out"], "hybrid": list(HYPER)}
TORCH: dict[str, Any] = {
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
    "adam": torch.optim.Adam,
    "rmsprop": torch.optim.RMSprop,
}


def hyper_of(rule: str, count: int) -> dict[str, Any]:
    return {name: np.full(count, HYPER[name]) for name in NAMES[rule]}


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_additive_training_equals_torch(direction: str) -> None:
    case = rosenbrock()
    point = torch.tensor(case.start, dtype=torch.float64, requires_grad=True)
    optimizer = TORCH[direction]([point], lr=1e-3)
    for _ in range(30):
        optimizer.zero_grad()
        case.loss(point).backward()
        optimizer.step()
    key = CellKey(case, direction, "additive")
    reached = ends(key, np.array([case.start]), {"lr": np.array([1e-3])}, 30)
    np.testing.assert_allclose(reached[0], point.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("rule", RULES)
def test_a_row_does_not_feel_its_neighbours(direction: str, rule: str) -> None:
    key = CellKey(rosenbrock(), direction, rule)
    starts = np.array([[2.9, 1.8], [np.nan, 1.0], [1e200, -1e200]])
    stacked = ends(key, starts, hyper_of(rule, 3), 20)
    alone = ends(key, starts[:1], hyper_of(rule, 1), 20)
    np.testing.assert_allclose(stacked[0], alone[0], rtol=1e-13)
    assert np.isnan(stacked[1]).any()


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("gamma", "other"), [(0.0, "additive"), (1.0, "multiplicative")])
def test_the_hybrid_rule_contains_both_others(direction: str, gamma: float, other: str) -> None:
    case = convex()
    start = np.array([case.start])
    hybrid = {**hyper_of("hybrid", 1), "gamma": np.array([gamma])}
    mixed = ends(CellKey(case, direction, "hybrid"), start, hybrid, 50)
    pure = ends(CellKey(case, direction, other), start, hyper_of(other, 1), 50)
    np.testing.assert_allclose(mixed, pure, rtol=1e-12)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_multiplicative_rule_keeps_signs(direction: str) -> None:
    case = rosenbrock((-1.0, 0.5))
    hyper = {"lr_in": np.full(4, 10.0), "lr_out": np.array([0.01, 0.1, 0.5, 1.0])}
    start = np.tile(case.start, (4, 1))
    for at in points(CellKey(case, direction, "multiplicative"), start, hyper, 100):
        assert (at[:, 0] <= 0).all()
        assert (at[:, 1] >= 0).all()


def test_gradient_descent_on_the_convex_case_follows_its_closed_form() -> None:
    case, lr, steps = convex(tilt=0.0), 0.03, 40
    key = CellKey(case, "sgd", "additive")
    reached = ends(key, np.array([case.start]), {"lr": np.array([lr])}, steps)
    gap = case.start[0] - 1
    expected = 1 + gap * np.array([1 - lr, 1 - 45.6 * lr]) ** steps
    np.testing.assert_allclose(reached[0], expected, rtol=1e-10)


def test_the_condition_of_the_convex_case_is_what_the_printed_cell_says() -> None:
    case = convex()
    best = 2 / (1 + 45.6)
    key = CellKey(case, "sgd", "additive")
    reached = ends(key, np.array([case.start]), {"lr": np.array([best])}, 100)
    distance = np.linalg.norm(reached[0] - np.array(case.minimum))
    assert distance == pytest.approx(0.861, rel=5e-3)


def test_points_counts_the_start() -> None:
    case = rosenbrock()
    made = list(points(CellKey(case, "sgd", "additive"), np.zeros((1, 2)), {"lr": np.ones(1)}, 3))
    assert len(made) == 4
    np.testing.assert_array_equal(made[0], np.zeros((1, 2)))
