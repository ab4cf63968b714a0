"""Every implementation of a step equals the readable loop."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from gofau import Gofau
from gofau.errors import UnsupportedError
from gofau.optim.implementations import implementations
from tests.gofau.cases import gradients, ident, pairs, run, start

SHAPES = [(3, 4), (5,), (), (2, 1, 3)]


@cache
def looped(direction: str, rule: str, options: tuple[tuple[str, Any], ...]) -> list[Tensor]:
    """What six steps of the loop make, computed once for all implementations."""
    params = start(SHAPES)
    optimizer = Gofau(params, direction, rule, implementation="loop", **dict(options))
    return run(optimizer, params, gradients(SHAPES, 6))


@pytest.mark.parametrize("capturable", [False, True], ids=["host", "capturable"])
@pytest.mark.parametrize("implementation", [n for n in implementations if n != "loop"])
@pytest.mark.parametrize("decay", [{}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "dec": True}])
@pytest.mark.parametrize("case", list(pairs()), ids=ident)
def test_equals_the_loop_in_double_precision(case, decay, implementation, capturable):
    direction, rule, options = case
    shared = {**options, "weight_decay": decay.get("weight_decay", 0.0), "capturable": capturable}
    if "dec" in decay:
        shared["decoupled_decay"] = True
    ours = start(SHAPES)
    optimizer = Gofau(ours, direction, rule, implementation=implementation, **shared)
    got = run(optimizer, ours, gradients(SHAPES, 6))
    expected = looped(direction, rule, tuple(shared.items()))
    for mine, reference in zip(got, expected, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("implementation", implementations)
@pytest.mark.parametrize("case", list(pairs()), ids=ident)
def test_gradients_are_never_written(case, implementation):
    direction, rule, options = case
    params = start([(3, 2)])
    optimizer = Gofau(
        params, direction, rule, implementation=implementation, weight_decay=0.1, **options
    )
    for grads in gradients([(3, 2)], 3):
        params[0].grad = grads[0].clone()
        optimizer.step()
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
