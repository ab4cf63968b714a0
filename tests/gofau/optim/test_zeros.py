"""Frozen fraction, zero policy and the scaling of an initialisation."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from gofau import Gofau, Wrapped, frozen_fraction, scale_init
from gofau.catalog import CatalogError
from gofau.errors import UnsupportedError
from tests.gofau.cases import gradients, run

KEEPS_ZERO = ["multiplicative", "madam", "exponentiated_gradient"]


def mixed() -> list[nn.Parameter]:
    """Ten elements: a weight with one zero of six, and a zero bias of four."""
    weight = torch.tensor([1.0, 0.0, -1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    return [nn.Parameter(weight), nn.Parameter(torch.zeros(4, dtype=torch.float64))]


def began_at_zero(optimizer: torch.optim.Optimizer) -> list[bool]:
    params = optimizer.param_groups[0]["params"]
    return [optimizer.state[p]["zero_initialised"] for p in params]


@pytest.mark.parametrize("rule", KEEPS_ZERO)
def test_the_frozen_fraction_counts_what_cannot_move(rule):
    params = mixed()
    optimizer = Gofau(params, "adam", rule)
    assert frozen_fraction(optimizer) == 0.5
    run(optimizer, params, gradients([(6,), (4,)], 3))
    assert frozen_fraction(optimizer) == 0.5
    assert not params[1].any()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"rule": "additive"}, 0.0),
        ({"rule": "hybrid", "gamma": 0.9}, 0.0),
        ({"rule": "hybrid", "gamma": 1.0}, 0.5),
        ({"rule": "hypentropy"}, 0.0),
        ({"rule": "multiplicative", "zero_policy": "additive"}, 0.1),
    ],
)
def test_the_frozen_fraction_depends_on_rule_and_policy(options, expected):
    params = mixed()
    optimizer = Gofau(params, **options)
    assert frozen_fraction(optimizer) == expected
    run(optimizer, params, gradients([(6,), (4,)], 2))
    assert frozen_fraction(optimizer) == expected


@pytest.mark.parametrize("implementation", ["loop", "foreach"])
@pytest.mark.parametrize("rule", [*KEEPS_ZERO, "hybrid"])
def test_the_additive_policy_moves_zero_tensors_as_the_additive_rule(rule, implementation):
    size = {"lr_out": 0.1} if rule == "multiplicative" else {"lr": 0.1}
    grads = gradients([(6,), (4,)], 4)
    params, plain, bias = mixed(), mixed(), mixed()[1:]
    shared = {"direction": "adam", "implementation": implementation}
    policy = Gofau(params, rule=rule, zero_policy="additive", **size, **shared)
    got = run(policy, params, grads)
    left = run(Gofau(plain, rule=rule, **size, **shared), plain, grads)
    added = run(Gofau(bias, rule="additive", lr=0.1, **shared), bias, [g[1:] for g in grads])
    torch.testing.assert_close(got[0], left[0], rtol=1e-14, atol=0)
    torch.testing.assert_close(got[1], added[0], rtol=1e-14, atol=0)
    assert began_at_zero(policy) == [False, True]


def test_the_policy_remembers_which_tensors_began_as_zeros():
    params = mixed()
    optimizer = Gofau(params, rule="multiplicative", zero_policy="additive")
    grads = gradients([(6,), (4,)], 4)
    run(optimizer, params, grads[:2])
    others = [nn.Parameter(p.detach().clone()) for p in params]
    resumed = Gofau(others, rule="multiplicative", zero_policy="additive")
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert began_at_zero(resumed) == [False, True]
    expected = run(optimizer, params, grads[2:])
    torch.testing.assert_close(run(resumed, others, grads[2:]), expected, rtol=0, atol=0)


def test_tensors_are_looked_at_when_they_first_step():
    """Weights loaded after the optimizer was built are what the policy sees."""
    params = mixed()
    optimizer = Gofau(params, rule="multiplicative", zero_policy="additive")
    params[1].data.fill_(1.0)
    run(optimizer, params, gradients([(6,), (4,)], 1))
    assert began_at_zero(optimizer) == [False, False]


def test_a_wrapped_optimizer_has_the_policy_too():
    params = mixed()
    inner = torch.optim.SGD(params, lr=1.0)
    optimizer = Wrapped(inner, "multiplicative", lr_out=0.1, zero_policy="additive")
    assert frozen_fraction(optimizer) == 0.1
    grads = gradients([(6,), (4,)], 1)
    run(optimizer, params, grads)
    torch.testing.assert_close(params[1].detach(), -0.1 * grads[0][1])


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.layer = nn.LayerNorm((2, 2))
        self.embed = nn.Embedding(5, 4)
        self.out = nn.Linear(4, 5)
        self.out.weight = self.embed.weight
        self.token = nn.Parameter(torch.ones(1, 1, 4))
        self.scale = nn.Parameter(torch.ones(()))


def test_scale_init_scales_weights_once_and_says_what_it_left():
    torch.manual_seed(0)
    net = Net()
    before = {n: p.detach().clone() for n, p in net.named_parameters()}
    report = scale_init(net, 3.0)
    assert report.factor == 3.0
    assert report.scaled == ("token", "conv.weight", "embed.weight")
    assert report.left_alone == {
        "scale": "a vector: bias or gain",
        "conv.bias": "a vector: bias or gain",
        "norm.weight": "owned by BatchNorm2d",
        "norm.bias": "owned by BatchNorm2d",
        "layer.weight": "owned by LayerNorm",
        "layer.bias": "owned by LayerNorm",
        "out.bias": "a vector: bias or gain",
    }
    for name, param in net.named_parameters():
        factor = 3.0 if name in report.scaled else 1.0
        assert torch.equal(param, before[name] * factor)
        assert param.requires_grad
        assert param.grad_fn is None


@pytest.mark.parametrize("factor", [0.0, -1.0, float("inf"), "2"])
def test_scale_init_refuses_a_bad_factor_and_changes_nothing(factor):
    layer = nn.Linear(2, 2)
    before = layer.weight.detach().clone()
    with pytest.raises(CatalogError, match=r"factor: got .*, expected a finite number > 0"):
        scale_init(layer, factor)
    assert torch.equal(layer.weight, before)


def test_scale_init_refuses_parametrized_weights():
    net = nn.Sequential(nn.Linear(2, 2), weight_norm(nn.Linear(2, 2)))
    with pytest.raises(
        UnsupportedError, match=r"module 1: got a parametrized ParametrizedLinear, "
    ):
        scale_init(net, 2.0)


def test_the_policy_follows_a_parameter_to_another_place():
    weight, bias, other = *mixed(), nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer = Gofau([weight, bias], rule="multiplicative", lr_out=0.1, zero_policy="additive")
    run(optimizer, [weight, bias], gradients([(6,), (4,)], 1))
    optimizer.param_groups[0]["params"] = [bias, other]
    before = other.detach().clone()
    run(optimizer, [bias, other], [[torch.ones(4), torch.full((2,), 1e6)]])
    assert [optimizer.state[p]["zero_initialised"] for p in (bias, other)] == [True, False]
    bound = 0.1 * before.abs() * (1 + 1e-12)
    assert ((other.detach() - before).abs() <= bound).all()


def test_a_state_of_format_1_kept_zeros_by_their_place():
    params = mixed()
    optimizer = Gofau(params, rule="multiplicative", zero_policy="additive")
    run(optimizer, params, gradients([(6,), (4,)], 2))
    old = copy.deepcopy(optimizer.state_dict())
    old["format"] = 1
    old["param_groups"][0]["zero_initialised"] = [1]
    for state in old["state"].values():
        del state["zero_initialised"]
    resumed = Gofau(params, rule="multiplicative", zero_policy="additive")
    resumed.load_state_dict(old)
    assert began_at_zero(resumed) == [False, True]
    assert "zero_initialised" not in resumed.param_groups[0]
