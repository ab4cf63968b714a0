"""The laws of `UpdateRule`, and every equation at points worked out by hand."""

from math import asinh, exp, sinh, tanh

import pytest
import torch

from gofau import catalog
from gofau.rules import registry, rule
from tests.gofau.cases import RULES, ident, rule_hyper

cases = pytest.mark.parametrize("case", RULES, ids=ident)


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


ORACLE = [
    ("additive", {"lr": 0.5}, 2.0, 3.0, 0.5),
    ("multiplicative", {"lr_in": 1.0, "lr_out": 0.1}, 2.0, 1.0, 2 - 0.2 * tanh(1.0)),
    ("multiplicative", {"lr_in": 2.0, "lr_out": 0.1}, -2.0, 1.0, -2 - 0.2 * tanh(2.0)),
    ("multiplicative", {"lr_out": 1.0}, 0.0, 5.0, 0.0),
    (
        "hybrid",
        {"lr": 0.5, "lr_out": 0.1, "gamma": 0.25},
        2.0,
        1.0,
        2 - 0.25 * 0.2 * tanh(1.0) - 0.75 * 0.5,
    ),
    ("hybrid", {"lr": 0.5, "lr_out": 0.1}, 0.0, 1.0, -0.25),
    ("exponentiated_gradient", {"lr": 0.5}, 2.0, 1.0, 2 * exp(-0.5)),
    ("exponentiated_gradient", {"lr": 0.5}, -2.0, 1.0, -2 * exp(0.5)),
    ("hypentropy", {"lr": 0.5, "beta": 2.0}, 1.0, 1.0, 2 * sinh(asinh(0.5) - 0.5)),
    ("hypentropy", {"lr": 0.5, "beta": 2.0}, 0.0, 1.0, -2 * sinh(0.5)),
    ("madam", {"lr": 0.5}, 1.0, 1.0, exp(-0.5)),
    ("madam", {"lr": 0.5}, -1.0, 1.0, -exp(0.5)),
    ("madam", {"lr": 0.01}, 1.0, 1e9, exp(-0.1)),
    ("madam", {"lr": 0.5, "p_scale": 1.5}, 1.0, -2.0, 1.5),
    ("madam", {"lr": 0.5, "p_scale": 1.5}, -1.0, 2.0, -1.5),
]


@pytest.mark.parametrize(("name", "options", "theta", "u", "expected"), ORACLE)
def test_the_equation_at_a_point(name, options, theta, u, expected):
    hyper = rule_hyper(name, options)
    param = tensor(theta)
    got = rule(name).update(param, tensor(u), rule(name).init(param, hyper), hyper)
    torch.testing.assert_close(got, tensor(expected), rtol=1e-14, atol=1e-16)


@cases
def test_no_direction_no_move(case):
    name, hyper = case[0], rule_hyper(*case)
    param = tensor(-3.0, -0.1, 0.0, 0.2, 4.0)
    moved = rule(name).update(param, torch.zeros_like(param), rule(name).init(param, hyper), hyper)
    torch.testing.assert_close(moved, param, rtol=1e-15, atol=0)


@cases
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_no_direction_no_move_in_low_precision(case, dtype):
    """Exactly: a rounding in every step would add up over a training."""
    name, hyper = case[0], rule_hyper(*case)
    param = torch.tensor([-0.3, -0.1, 0.0, 0.2, 1 / 3], dtype=dtype)
    state = rule(name).init(param, hyper)
    assert torch.equal(rule(name).update(param, torch.zeros_like(param), state, hyper), param)


@cases
def test_the_parameter_is_left_in_place_and_a_nan_direction_shows(case):
    name, hyper = case[0], rule_hyper(*case)
    param = tensor(1.0, 2.0)
    moved = rule(name).update(
        param, tensor(float("nan"), 1.0), rule(name).init(param, hyper), hyper
    )
    assert param.tolist() == [1.0, 2.0]
    assert torch.isnan(moved).tolist() == [True, False]


@cases
@pytest.mark.parametrize("tensors", [False, True], ids=["numbers", "tensors"])
def test_a_stack_moves_as_separate_parameters_do(case, tensors):
    name, hyper = case[0], rule_hyper(*case)
    generator = torch.Generator().manual_seed(0)
    stack, u = torch.randn(2, 3, 4, 2, dtype=torch.float64, generator=generator).unbind()
    stack = stack * tensor(0.1, 1.0, 10.0).view(3, 1, 1)
    own = (
        {k: torch.full((3, 1, 1), float(v), dtype=torch.float64) for k, v in hyper.items()}
        if tensors
        else hyper
    )
    got = rule(name).update(stack, 5 * u, rule(name).init(stack, own, batch_dims=1), own)
    for k in range(3):
        state = rule(name).init(stack[k], hyper)
        expected = rule(name).update(stack[k], 5 * u[k], state, hyper)
        torch.testing.assert_close(got[k], expected, rtol=1e-14, atol=1e-15)


@cases
def test_moves_zero_says_the_truth(case):
    name, hyper = case[0], rule_hyper(*case)
    param = tensor(0.0, 1.0)
    state = rule(name).init(param, hyper)
    moved = rule(name).update(param, tensor(1.0, 1.0), state, hyper)
    assert bool(moved[0] != 0) is rule(name).moves_zero(hyper)


def test_hybrid_keeps_zeros_only_at_gamma_one():
    gammas = tensor(0.0, 0.5, 1.0)
    assert rule("hybrid").moves_zero({"gamma": gammas}).tolist() == [True, True, False]


def test_the_bound_of_madam_is_per_trial_and_scalars_have_one():
    hyper = rule_hyper("madam", {})
    stack = tensor(3.0, 4.0, 0.3, 0.4).view(2, 2)
    bound = rule("madam").init(stack, hyper, batch_dims=1)["bound"]
    torch.testing.assert_close(bound, tensor(12.5, 0.125).sqrt().view(2, 1) * 3)
    assert rule("madam").init(torch.tensor(-2.0), hyper)["bound"].item() == 6.0


def test_every_rule_of_the_catalog_exists_and_no_other():
    assert list(registry.entries) == list(catalog.rules.entries)
    for name, one in registry.entries.items():
        assert catalog.rules.entries[name].parameter(one.step_size) is not None


def test_no_direction_shares_a_parameter_name_with_a_rule():
    for direction in catalog.directions.entries.values():
        for entry in catalog.rules.entries.values():
            shared = {p.name for p in direction.parameters} & {p.name for p in entry.parameters}
            assert not shared


def test_names_are_refused_twice_and_unknown_ones_list_the_known():
    with pytest.raises(ValueError, match="rule 'hybrid' is registered already"):
        registry.add(rule("hybrid"))
    with pytest.raises(catalog.CatalogError, match="rule: got 'mult', expected a known rule: add"):
        rule("mult")
