"""The additive rule equals the torch.optim optimizer of the same direction, option by option."""

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from gofau import Gofau
from tests.each import case
from tests.gofau.cases import gradients, ident, run, start

SHAPES = [(3, 4), (5,), ()]
STEPS = 40


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


def ours(implementation: str, direction: str, **given: Any) -> list[Tensor]:
    params = start(SHAPES)
    optimizer = Gofau(params, direction, "additive", implementation=implementation, **given)
    return run(optimizer, params, gradients(SHAPES, STEPS))


@pytest.mark.parametrize("index", range(len(CASES)), ids=lambda i: ident(CASES[i][:2]))
def test_additive_equals_torch(index):
    direction, given, reference, extra = CASES[index]
    for maximize, decay in product((False, True), (0.0, 0.1)):
        shared = {"lr": 0.01, "weight_decay": decay, "maximize": maximize}
        params = start(SHAPES)
        torchs = reference(params, **shared, **torch_options(given), **extra)
        expected = run(torchs, params, gradients(SHAPES, STEPS))
        for name in ("loop", "foreach"):
            with case(maximize, decay, name):
                got = ours(name, direction, **shared, **given)
                torch.testing.assert_close(got, expected, rtol=1e-13, atol=1e-13)
