"""Cases that the contract suites share: every direction and rule with its options."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from gofau import catalog

DIRECTIONS: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {}),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9, "dampening": 0.3}),
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("adagrad", {}),
    ("adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.2}),
    ("rmsprop", {}),
    ("rmsprop", {"momentum": 0.9}),
    ("rmsprop", {"centered": True}),
    ("rmsprop", {"centered": True, "momentum": 0.5, "alpha": 0.9}),
    ("adam", {}),
    ("adam", {"amsgrad": True, "beta1": 0.8, "beta2": 0.95}),
    ("adamw", {}),
    ("madam", {}),
]
RULES: list[tuple[str, dict[str, Any]]] = [
    ("additive", {"lr": 0.01}),
    ("multiplicative", {"lr_out": 0.02, "lr_in": 2.0}),
    ("hybrid", {"lr": 0.01, "lr_out": 0.02, "gamma": 0.3}),
    ("madam", {"lr": 0.05, "p_scale": 2.0, "g_bound": 1.0}),
    ("exponentiated_gradient", {"lr": 0.05}),
    ("hypentropy", {"lr": 0.05, "beta": 0.5}),
]


def direction_hyper(name: str, options: dict[str, Any]) -> dict[str, Any]:
    return dict(catalog.directions.get(name, "direction").resolve(options, "direction"))


def rule_hyper(name: str, options: dict[str, Any]) -> dict[str, Any]:
    return dict(catalog.rules.get(name, "rule").resolve(options, "rule"))


def pairs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for direction in DIRECTIONS:
        yield from with_rules(direction)


def with_rules(direction: tuple[str, dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """A direction with its options, and every rule."""
    name, options = direction
    for rule, r_options in RULES:
        yield name, rule, {**options, **r_options}


every_direction = pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: ident(d))


def ident(case: tuple[Any, ...]) -> str:
    return "-".join(str(part).replace(" ", "") for part in case)


def gradients(shapes: list[tuple[int, ...]], steps: int, seed: int = 0) -> list[list[Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    return [
        [torch.randn(shape, dtype=torch.float64, generator=generator) for shape in shapes]
        for _ in range(steps)
    ]


def start(shapes: list[tuple[int, ...]], seed: int = 1) -> list[torch.nn.Parameter]:
    return [torch.nn.Parameter(x) for x in gradients(shapes, 1, seed)[0]]


def run(
    optimizer: torch.optim.Optimizer,
    params: list[torch.nn.Parameter],
    grads: list[list[Tensor]],
) -> list[Tensor]:
    for step in grads:
        for param, grad in zip(params, step, strict=True):
            param.grad = grad.clone().to(param.dtype)
        optimizer.step()
    return [p.detach().clone() for p in params]
