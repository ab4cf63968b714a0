"""The additive rule equals the torch.optim optimizer of the same direction, option by option."""

from functools import cache
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from gofau import Gofau
from tests.gofau.cases import gradients, ident, run, start

SHAPES = [(3, 4), (5,), ()]
STEPS = 100


def options(**values: list[Any]) -> list[dict[str, Any]]:
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


CASES: list[tuple[str, dict[str, Any], type[torch.optim.Optimizer], dict[str, Any]]] = [
    *(("sgd", o, torch.optim.SGD, {}) for o in options(momentum=[0.0, 0.9], dampening=[0.0, 0.3])),
    ("sgd", {"momentum": 0.9, "nesterov": True}, torch.optim.SGD, {}),
    *(
        ("adagrad", o, torch.optim.Adagrad, {})
        for o in options(lr_decay=[0.0, 0.05], initial_accumulator_value=[0.0, 0.5])
    ),
    *(
        ("rmsprop", o, torch.optim.RMSprop, {})
        for o in options(momentum=[0.0, 0.9], centered=[False, True], alpha=[0.99, 0.8])
    ),
    *(("adam", o, torch.optim.Adam, {}) for o in options(amsgrad=[False, True], eps=[1e-8, 1e-3])),
    *(("adamw", o, torch.optim.AdamW, {}) for o in options(amsgrad=[False, True])),
    ("adam", {"decoupled_decay": True}, torch.optim.Adam, {"decoupled_weight_decay": True}),
]


def torch_options(given: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in given.items() if k != "decoupled_decay"}


@cache
def torchs(index: int, maximize: bool, decay: float) -> list[Tensor]:
    """What torch.optim makes of a case, computed once for all implementations."""
    _, given, reference, extra = CASES[index]
    shared = {"lr": 0.01, "weight_decay": decay, "maximize": maximize}
    theirs = start(SHAPES)
    optimizer = reference(theirs, **shared, **torch_options(given), **extra)
    return run(optimizer, theirs, gradients(SHAPES, STEPS))


@pytest.mark.parametrize("implementation", ["loop", "foreach"])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("index", range(len(CASES)), ids=lambda i: ident(CASES[i][:2]))
def test_additive_equals_torch(index, maximize, decay, implementation):
    direction, given, _, _ = CASES[index]
    shared = {"lr": 0.01, "weight_decay": decay, "maximize": maximize}
    grads = gradients(SHAPES, STEPS)
    ours = start(SHAPES)
    got = run(
        Gofau(ours, direction, "additive", implementation=implementation, **shared, **given),
        ours,
        grads,
    )
    for mine, other in zip(got, torchs(index, maximize, decay), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-13, atol=1e-13)
