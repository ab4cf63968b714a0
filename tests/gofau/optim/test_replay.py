"""A repeated fused step equals the loop, whatever was changed between two steps."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gofau import Gofau
from gofau.optim import gofau as module
from tests.each import case
from tests.gofau.cases import every_direction, gradients, start, with_rules

SHAPES = [(4, 4), (3, 2, 2, 2), (5,), ()]
CHANGE_AT, STEPS = 3, 7
Params = list[torch.nn.Parameter]
Change = Callable[[Gofau, Params], None]


def new_memory(optimizer: Gofau, params: Params) -> None:
    params[0].data = params[0].data.clone()


def transposed(optimizer: Gofau, params: Params) -> None:
    params[0].data = params[0].data.t()


def transposed_in_place(optimizer: Gofau, params: Params) -> None:
    params[0].data.t_()


def channels_last(optimizer: Gofau, params: Params) -> None:
    params[1].data = params[1].data.contiguous(memory_format=torch.channels_last)


def other_dtype(optimizer: Gofau, params: Params) -> None:
    params[2].data = params[2].data.float()
    params[2].grad = None
    optimizer.state[params[2]]["momentum_buffer"] = torch.zeros(5)


def state_forgotten(optimizer: Gofau, params: Params) -> None:
    optimizer.state[params[1]] = {}


def states_forgotten(optimizer: Gofau, params: Params) -> None:
    optimizer.state.clear()


def buffer_replaced(optimizer: Gofau, params: Params) -> None:
    optimizer.state[params[0]]["momentum_buffer"] = torch.ones_like(params[0])


def buffer_moved(optimizer: Gofau, params: Params) -> None:
    buffer = optimizer.state[params[0]]["momentum_buffer"]
    buffer.data = torch.ones_like(buffer)


def counter_written(optimizer: Gofau, params: Params) -> None:
    optimizer.state[params[1]]["step"].fill_(9)


def counters_replaced(optimizer: Gofau, params: Params) -> None:
    for state in optimizer.state.values():
        state["step"] = torch.tensor(12.0)


def counters_moved(optimizer: Gofau, params: Params) -> None:
    for state in optimizer.state.values():
        state["step"].data = torch.tensor(12.0)


def reloaded(optimizer: Gofau, params: Params) -> None:
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))


def rate(optimizer: Gofau, params: Params) -> None:
    optimizer.param_groups[0]["lr"] *= 0.5


def momentum_off(optimizer: Gofau, params: Params) -> None:
    optimizer.param_groups[0]["momentum"] = 0.0


def nesterov(optimizer: Gofau, params: Params) -> None:
    optimizer.param_groups[0]["nesterov"] = True


def decay(optimizer: Gofau, params: Params) -> None:
    optimizer.param_groups[0]["weight_decay"] = 0.1


def capturable(optimizer: Gofau, params: Params) -> None:
    optimizer.param_groups[0]["capturable"] = True


def maximize(optimizer: Gofau, params: Params) -> None:
    optimizer.param_groups[0]["maximize"] = True


def additive_at_one(optimizer: Gofau, params: Params) -> None:
    optimizer.param_groups[0]["zero_policy"] = "additive"
    optimizer.state[params[1]]["zero_initialised"] = True


def fewer(optimizer: Gofau, params: Params) -> None:
    del optimizer.param_groups[0]["params"][0]


def swapped(optimizer: Gofau, params: Params) -> None:
    own = optimizer.param_groups[0]["params"]
    own[0], own[1] = own[1], own[0]


CHANGES: list[Change] = [
    new_memory,
    transposed,
    transposed_in_place,
    channels_last,
    other_dtype,
    state_forgotten,
    states_forgotten,
    buffer_replaced,
    buffer_moved,
    counter_written,
    counters_replaced,
    counters_moved,
    reloaded,
    rate,
    momentum_off,
    nesterov,
    decay,
    capturable,
    maximize,
    additive_at_one,
    fewer,
    swapped,
]


def outcome(optimizer: Gofau, params: Params) -> list[Tensor]:
    """Parameters and all that the optimizer keeps, in the order of the parameters."""
    states = [optimizer.state[p] for p in params if p in optimizer.state]
    kept = [torch.as_tensor(state[name]).clone() for state in states for name in sorted(state)]
    return [p.detach().clone() for p in params] + kept


def train(implementation: str, change: Change, **options: Any) -> list[list[Tensor]]:
    params = start(SHAPES)
    optimizer = Gofau(params, implementation=implementation, **options)
    outcomes = []
    for number, step in enumerate(gradients(SHAPES, STEPS)):
        for param, grad in zip(params, step, strict=True):
            param.grad = grad.to(param.dtype)
        if number == CHANGE_AT:
            change(optimizer, params)
        optimizer.step()
        outcomes.append(outcome(optimizer, params))
    return outcomes


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_changes_between_steps_take_effect_at_once(change):
    options = {"direction": "sgd", "rule": "hybrid", "momentum": 0.9, "lr": 0.01, "lr_out": 0.02}
    digits = 6 if change is other_dtype else 13
    got, expected = train("fused", change, **options), train("loop", change, **options)
    torch.testing.assert_close(got, expected, rtol=10**-digits, atol=0.1 * 10**-digits)


@every_direction
def test_only_the_first_step_is_divided_into_batches(direction, monkeypatch):
    divided = []

    def watched(*given):
        divided.append(given)
        return batches(*given)

    batches = module.batches
    monkeypatch.setattr(module, "batches", watched)
    for count, (way, rule, options) in enumerate(with_rules(direction), start=1):
        train("fused", lambda *_: None, direction=way, rule=rule, **options)
        with case(rule):
            assert len(divided) == count


def grads_of(kind: str, number: int) -> list[Tensor | None]:
    """Gradients that are missing, or lie in another order, at odd steps."""
    grads: list[Tensor | None] = list(gradients(SHAPES, 1, seed=number)[0])
    if number % 2 == 0:
        return grads
    if kind == "missing":
        return [None, *grads[1:]]
    assert grads[1] is not None
    return [grads[0], grads[1].contiguous(memory_format=torch.channels_last), *grads[2:]]


@pytest.mark.parametrize("kind", ["missing", "channels_last"])
def test_gradients_may_differ_from_step_to_step(kind):
    def run(implementation: str) -> list[Tensor]:
        params = start(SHAPES)
        optimizer = Gofau(params, "adam", lr=0.01, implementation=implementation)
        for number in range(STEPS):
            for param, grad in zip(params, grads_of(kind, number), strict=True):
                param.grad = grad
            optimizer.step()
        return outcome(optimizer, params)

    torch.testing.assert_close(run("fused"), run("loop"), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("frozen", [[0], [1, 3], [2]])
def test_parameters_that_never_have_gradients_may_begin_to(frozen):
    def run(implementation: str) -> list[Tensor]:
        params = start(SHAPES)
        optimizer = Gofau(params, "adam", lr=0.01, implementation=implementation)
        for number, step in enumerate(gradients(SHAPES, STEPS)):
            for i, grad in enumerate(step):
                params[i].grad = None if i in frozen and number < CHANGE_AT else grad
            optimizer.step()
        return outcome(optimizer, params)

    torch.testing.assert_close(run("fused"), run("loop"), rtol=1e-13, atol=1e-14)


def test_a_repeated_step_is_seen_by_autograd():
    param = torch.nn.Parameter(torch.ones(3))
    param.grad = torch.ones(3)
    optimizer = Gofau([param], "sgd", "additive", lr=0.1, implementation="fused")
    optimizer.step()
    loss = (param * param).sum()
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_tensor_hyperparameters_are_read_at_every_step():
    param = torch.nn.Parameter(torch.zeros(()))
    param.grad = torch.ones(())
    rate = torch.tensor(1.0)
    optimizer = Gofau([param], "sgd", "additive", lr=rate, implementation="fused")
    for value in (1.0, 2.0, 4.0):
        rate.fill_(value)
        optimizer.step()
    assert param.item() == -7.0


def test_copies_and_originals_step_apart():
    params = start(SHAPES)
    optimizer = Gofau(params, "adam", lr=0.01, implementation="fused")
    for param, grad in zip(params, gradients(SHAPES, 1)[0], strict=True):
        param.grad = grad
    optimizer.step()
    optimizer.step()
    twin_params, twin = copy.deepcopy((params, optimizer))
    for param, grad in zip(twin_params, gradients(SHAPES, 1)[0], strict=True):
        param.grad = grad
    before = outcome(optimizer, params)
    twin.step()
    torch.testing.assert_close(outcome(optimizer, params), before, rtol=0, atol=0)
    optimizer.step()
    torch.testing.assert_close(outcome(optimizer, params), outcome(twin, twin_params))
