"""Every implementation of a step equals the readable loop."""

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from gofau import Gofau
from gofau.errors import UnsupportedError
from gofau.optim.implementations import implementations
from tests.each import case
from tests.gofau.cases import every_direction, gradients, pairs, run, start, with_rules

SHAPES = [(3, 4), (5,), (), (2, 1, 3)]
DECAYS: list[dict[str, Any]] = [
    {},
    {"weight_decay": 0.1},
    {"weight_decay": 0.1, "decoupled_decay": True},
]


def stepped(way: str, rule: str, implementation: str, options: dict[str, Any]) -> list[Tensor]:
    params = start(SHAPES)
    optimizer = Gofau(params, way, rule, implementation=implementation, **options)
    return run(optimizer, params, gradients(SHAPES, 6))


@every_direction
def test_equals_the_loop_in_double_precision(direction):
    cases = product(with_rules(direction), DECAYS, (False, True))
    for (way, rule, options), decay, capturable in cases:
        shared = {**options, **decay, "capturable": capturable}
        expected = stepped(way, rule, "loop", shared)
        for name in implementations.keys() - {"loop"}:
            with case(rule, decay, capturable, name):
                got = stepped(way, rule, name, shared)
                torch.testing.assert_close(got, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("implementation", implementations)
def test_gradients_are_never_written(implementation):
    for direction, rule, options in pairs():
        params = start([(3, 2)])
        chosen = {"implementation": implementation, "weight_decay": 0.1, **options}
        optimizer = Gofau(params, direction, rule, **chosen)
        for grads in gradients([(3, 2)], 3):
            params[0].grad = grads[0].clone()
            optimizer.step()
            with case(direction, rule, options):
                assert torch.equal(params[0].grad, grads[0])


@pytest.mark.parametrize("implementation", implementations)
def test_tensor_hyperparameters_equal_numbers(implementation):
    numbers = {"lr": 0.01, "lr_in": 2.0, "lr_out": 0.02, "gamma": 0.25, "beta1": 0.75}
    tensors = {k: torch.tensor(v, dtype=torch.float64) for k, v in numbers.items()}
    grads = gradients(SHAPES, 5)
    results = []
    for options, capturable in ((numbers, False), (tensors, False), (tensors, True)):
        params = start(SHAPES)
        optimizer = Gofau(params, implementation=implementation, capturable=capturable, **options)
        results.append(run(optimizer, params, grads))
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("implementation", implementations)
def test_parameters_that_skip_steps_keep_their_own_count(implementation):
    def train(chosen: str) -> list[torch.Tensor]:
        params = start([(3,), (2,)])
        optimizer = Gofau(params, lr=0.01, implementation=chosen)
        for i, grads in enumerate(gradients([(3,), (2,)], 6)):
            params[0].grad = grads[0].clone()
            params[1].grad = grads[1].clone() if i % 2 else None
            optimizer.step()
        assert [int(optimizer.state[p]["step"]) for p in params] == [6, 3]
        return [p.detach() for p in params]

    torch.testing.assert_close(train(implementation), train("loop"), rtol=1e-13, atol=1e-14)


def test_what_is_not_written_for_lists_takes_the_loop(monkeypatch):
    monkeypatch.setattr("gofau.optim.foreach.step.rules", {})
    params = start([(2,)])
    params[0].grad = torch.ones_like(params[0])
    Gofau(params).step()
    with pytest.raises(UnsupportedError, match="got 'foreach' for adam and hybrid, expected auto"):
        Gofau(params, implementation="foreach").step()


def test_an_implementation_that_does_not_exist_is_refused(monkeypatch):
    monkeypatch.setattr("gofau.optim.implementations.implementations", {"loop": None})
    with pytest.raises(
        UnsupportedError,
        match="got 'foreach', which this release does not have; expected auto, loop",
    ):
        Gofau(start([(2,)]), implementation="foreach")
