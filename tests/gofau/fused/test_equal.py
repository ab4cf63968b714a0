"""Fused steps equal the readable reference."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gofau import functional
from gofau.directions import direction as direction_of
from gofau.fused import fused_step
from gofau.hyper import State
from gofau.rules import rule as rule_of
from tests.compilers import needs_compiler
from tests.each import case
from tests.gofau.cases import (
    DIRECTIONS,
    RULES,
    direction_hyper,
    every_direction,
    gradients,
    rule_hyper,
    with_rules,
)

pytestmark = needs_compiler

# An empty parameter has a bound of NaN under the madam rule, here as in the reference.
SHAPES = [(3, 41), (5,), (), (0, 4), (2, 1, 3), (700,)]


def hyper_of(direction: str, rule: str, options: dict[str, Any], **common: float) -> dict[str, Any]:
    own = dict(next(given for name, given in RULES if name == rule))
    given = {k: v for k, v in options.items() if k not in own}
    return {**direction_hyper(direction, given), **rule_hyper(rule, own), **common}


def start_of(params: list[Tensor], direction: str, rule: str, hyper: dict[str, Any]) -> list[State]:
    return [
        {**direction_of(direction).init(p, hyper), **rule_of(rule).init(p, hyper)} for p in params
    ]


def compare(
    given: tuple[str, str, dict[str, Any]], dtype: torch.dtype, steps: int, **common: float
) -> tuple[list[Tensor], list[Tensor]]:
    """The parameters and states after fused steps in ``dtype``, and by the reference."""
    direction, rule, options = given
    hyper = hyper_of(direction, rule, options, **common)
    grads = [[g.to(dtype) for g in step] for step in gradients(SHAPES, steps)]
    fused = [p.to(dtype) for p in gradients(SHAPES, 1, seed=1)[0]]
    expected = [p.clone() for p in fused]
    states = start_of(fused, direction, rule, hyper)
    expected_states = start_of(expected, direction, rule, hyper)
    for number, step in enumerate(grads, 1):
        fused_step(fused, step, states, number, direction_of(direction), rule_of(rule), hyper)
        expected = [
            functional.step(p, g, direction_of(direction), rule_of(rule), s, s, number, hyper)
            for p, g, s in zip(expected, step, expected_states, strict=True)
        ]
    return (
        fused + [tensor for state in states for tensor in state.values()],
        expected + [tensor for state in expected_states for tensor in state.values()],
    )


@every_direction
def test_double_precision_equals_the_reference(direction):
    for given in with_rules(direction):
        fused, expected = compare(given, torch.float64, 8)
        with case(*given):
            torch.testing.assert_close(fused, expected, rtol=1e-13, atol=1e-14, equal_nan=True)


COMMON = [
    {"maximize": True},
    {"weight_decay": 0.1},
    {"weight_decay": 0.1, "decoupled_decay": True},
    {"weight_decay": 0.1, "maximize": True},
    {"weight_decay": 0.1, "decoupled_decay": True, "maximize": True},
]


@pytest.mark.parametrize("direction", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("rule", ["hybrid", "multiplicative"])
def test_decay_and_ascent_equal_the_reference(direction, rule):
    for common in COMMON:
        fused, expected = compare((direction, rule, {}), torch.float64, 4, **common)
        with case(common):
            torch.testing.assert_close(fused, expected, rtol=1e-13, atol=1e-14, equal_nan=True)


SINGLE = [(name, "hybrid", options) for name, options in DIRECTIONS]
SINGLE += [("sgd", rule, {}) for rule, _ in RULES]


def test_single_precision_equals_the_reference():
    for given in SINGLE:
        fused, expected = compare(given, torch.float32, 8)
        with case(*given):
            torch.testing.assert_close(fused, expected, rtol=2e-5, atol=2e-6, equal_nan=True)


@pytest.mark.parametrize("rule", [rule for rule, _ in RULES])
def test_bfloat16_is_single_precision_rounded_once(rule):
    direction = "sgd"
    hyper = hyper_of(direction, rule, {})
    params = [p.bfloat16() for p in gradients(SHAPES, 1, seed=1)[0]]
    grads = [g.bfloat16() for g in gradients(SHAPES, 1)[0]]
    states = start_of(params, direction, rule, hyper)
    wide = [p.float() for p in params]
    wide_states = [{k: v.float() for k, v in state.items()} for state in states]
    fused_step(params, grads, states, 1, direction_of(direction), rule_of(rule), hyper)
    for got, param, grad, state in zip(params, wide, grads, wide_states, strict=True):
        one = functional.step(
            param, grad.float(), direction_of(direction), rule_of(rule), state, state, 1, hyper
        )
        torch.testing.assert_close(got.float(), one, rtol=2**-8, atol=1e-6)
