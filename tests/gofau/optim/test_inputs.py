"""Valid and failing inputs of the optimizers, with the message that each failure gives."""

import re
from dataclasses import replace
from typing import Any

import pytest
import torch

from gofau import Gofau, Wrapped, catalog
from gofau.catalog import CatalogError
from gofau.errors import GofauError, UnsupportedError
from gofau.optim.groups import resolve
from tests.gofau.cases import gradients, run, start


def weights() -> list[torch.nn.Parameter]:
    return start([(2, 3), (3,)])


VALID: list[dict[str, Any]] = [
    {},
    {"lr": 1e-3},
    {"lr": 1},
    {"rule": "multiplicative"},
    {"rule": "multiplicative", "lr_out": 2.0},
    {"direction": "sgd", "rule": "additive", "lr": 0.1, "momentum": 1.0},
    {"direction": "sgd", "rule": "additive", "lr": 0.1, "momentum": 0.9, "nesterov": True},
    {"direction": "madam", "rule": "madam"},
    {"direction": "adamw", "weight_decay": 0.1, "decoupled_decay": True},
    {"direction": "adam", "rule": "hypentropy", "beta": 0.1},
    {"gamma": 0.0},
    {"gamma": 1},
    {"lr": torch.tensor(1e-3)},
    {"lr": torch.tensor([1e-3])},
    {"implementation": "loop"},
    {"implementation": "foreach", "capturable": True, "maximize": True},
    {"zero_policy": "additive"},
]

STEP_NAMES = "lr, lr_in, lr_out, gamma"
FAILING: list[tuple[dict[str, Any], str]] = [
    ({"lr": -1.0}, "Gofau.lr: got -1.0, expected a finite number > 0"),
    ({"lr": float("nan")}, "Gofau.lr: got nan, expected a finite number > 0"),
    ({"lr": "0.1"}, "Gofau.lr: got '0.1', expected a finite number > 0"),
    ({"lr": torch.tensor(-1.0)}, "Gofau.lr: got -1.0, expected a finite number > 0"),
    (
        {"lr": torch.ones(2)},
        "Gofau.lr: got (2,), expected a number or a tensor of one element",
    ),
    ({"gamma": 1.5}, "Gofau.gamma: got 1.5, expected a finite number in [0, 1]"),
    ({"beta1": 1.0}, "Gofau.beta1: got 1.0, expected a finite number in [0, 1)"),
    ({"eps": 0.0}, "Gofau.eps: got 0.0, expected a finite number > 0"),
    ({"amsgrad": 1}, "Gofau.amsgrad: got 1, expected true or false"),
    ({"weight_decay": -0.1}, "Gofau.weight_decay: got -0.1, expected a finite number >= 0"),
    (
        {"momentum": 0.9},
        f"Gofau.momentum: got 0.9, expected one of: beta1, beta2, eps, amsgrad, {STEP_NAMES}, "
        "weight_decay, decoupled_decay, zero_policy, maximize, capturable, implementation",
    ),
    (
        {"rule": "multiplicative", "lr": 0.1},
        "Gofau.lr: got 0.1, expected one of: beta1, beta2, eps, amsgrad, lr_in, lr_out, "
        "weight_decay, decoupled_decay, zero_policy, maximize, capturable, implementation",
    ),
    (
        {"direction": "sgd"},
        "Gofau.lr: got None, expected a finite number > 0 (or an axis)",
    ),
    (
        {"direction": "sgd", "rule": "additive", "lr": 0.1, "nesterov": True},
        "Gofau.nesterov: got True, expected false, or momentum > 0",
    ),
    (
        {
            "direction": "sgd",
            "rule": "additive",
            "lr": 0.1,
            "momentum": 0.9,
            "dampening": 0.1,
            "nesterov": True,
        },
        "Gofau.nesterov: got True, expected false, or dampening = 0",
    ),
    (
        {"direction": "nadam"},
        "Gofau.direction: got 'nadam', expected a known direction: "
        + ", ".join(catalog.directions.entries),
    ),
    (
        {"rule": "mult"},
        "Gofau.rule: got 'mult', expected a known rule: " + ", ".join(catalog.rules.entries),
    ),
    (
        {"direction": "adamw", "decoupled_decay": False},
        "Gofau.decoupled_decay: got False, expected true, since adamw decouples its decay, unlike "
        + ", ".join(n for n, one in catalog.directions.entries.items() if not one.decouples_decay),
    ),
    (
        {"implementation": "triton"},
        "Gofau.implementation: got 'triton', expected one of auto, loop, foreach, fused",
    ),
    ({"zero_policy": "nudge"}, "Gofau.zero_policy: got 'nudge', expected one of leave, additive"),
]


@pytest.mark.parametrize("options", VALID, ids=str)
def test_valid_options_step(options):
    params = weights()
    before = [p.detach().clone() for p in params]
    after = run(Gofau(params, **options), params, gradients([(2, 3), (3,)], 2))
    for old, new in zip(before, after, strict=True):
        assert torch.isfinite(new).all()
        assert not torch.equal(old, new)


@pytest.mark.parametrize(("options", "message"), FAILING, ids=[m for _, m in FAILING])
def test_failing_options_say_why(options, message):
    with pytest.raises(CatalogError) as caught:
        Gofau(weights(), **options)
    assert str(caught.value) == message
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, GofauError)


def test_every_direction_decouples_its_decay_as_its_entry_says(monkeypatch):
    entry = replace(catalog.directions.entries["sgd"], name="sgdw", decouples_decay=True)
    monkeypatch.setitem(catalog.directions._entries, "sgdw", entry)
    given = {"direction": "sgdw", "rule": "additive", "lr": 0.1}
    assert resolve(given, {}, "Gofau")["decoupled_decay"] is True
    with pytest.raises(CatalogError, match="got False, expected true, since sgdw decouples"):
        resolve({**given, "decoupled_decay": False}, {}, "Gofau")


def test_one_value_is_never_taken_for_two_parameters(monkeypatch):
    rule = catalog.rules.entries["hypentropy"]
    sgd = catalog.directions.entries["sgd"]
    entry = replace(sgd, name="sgdb", parameters=(*sgd.parameters, rule.parameter("beta")))
    monkeypatch.setitem(catalog.directions._entries, "sgdb", entry)
    given = {"direction": "sgdb", "rule": "hypentropy", "lr": 0.1, "beta": 0.5}
    with pytest.raises(CatalogError, match="of which only one has beta"):
        resolve(given, {}, "Gofau")


FAILING_GROUPS: list[tuple[dict[str, Any], str]] = [
    ({"lr": 0.0}, "param_groups[1].lr: got 0.0, expected a finite number > 0"),
    (
        {"rule": "additive", "gamma": 0.5},
        "param_groups[1].gamma: got 0.5, expected one of: beta1, beta2, eps, amsgrad, lr, "
        "weight_decay, decoupled_decay, zero_policy, maximize, capturable, implementation",
    ),
    ({"direction": "nope"}, "param_groups[1].direction: got 'nope', expected a known direction"),
]


@pytest.mark.parametrize(("options", "message"), FAILING_GROUPS, ids=[m for _, m in FAILING_GROUPS])
def test_a_failing_group_is_named_and_not_added(options, message):
    optimizer = Gofau(weights())
    with pytest.raises(CatalogError, match=re.escape(message)):
        optimizer.add_param_group({"params": weights(), **options})
    assert len(optimizer.param_groups) == 1


def test_the_parameters_are_checked_as_torch_checks_them():
    with pytest.raises(ValueError, match="optimizer got an empty parameter list"):
        Gofau([])
    with pytest.raises(TypeError, match="should be an iterable of Tensors or dicts"):
        Gofau(torch.ones(2, requires_grad=True))
    with pytest.raises(TypeError, match="optimizer can only optimize Tensors"):
        Gofau([1.0])
    with pytest.raises(ValueError, match="can't optimize a non-leaf Tensor"):
        Gofau([torch.ones(2, requires_grad=True) * 2])
    shared = weights()
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        Gofau([{"params": shared}, {"params": shared[:1]}])
    with pytest.raises(TypeError, match=r"param_groups\[1\]: got list, expected a dict"):
        Gofau(shared).add_param_group(weights())


def test_complex_parameters_are_refused():
    complex_weight = torch.nn.Parameter(torch.ones(2, dtype=torch.complex64))
    with pytest.raises(
        UnsupportedError,
        match=r"param_groups\[0\]\.params\[1\]: got dtype torch.complex64, expected a real",
    ):
        Gofau([*weights()[:1], complex_weight])
    assert issubclass(UnsupportedError, RuntimeError)


def test_sparse_gradients_are_refused():
    embedding = torch.nn.Embedding(4, 2, sparse=True)
    optimizer = Gofau(embedding.parameters())
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(
        UnsupportedError,
        match=r"param_groups\[0\]\.params\[0\]\.grad: got layout torch.sparse_coo, expected a",
    ):
        optimizer.step()


WRAPPED_FAILING: list[tuple[dict[str, Any], str]] = [
    ({}, "Wrapped.lr: got None, expected a finite number > 0 (or an axis)"),
    ({"rule": "nope"}, "Wrapped.rule: got 'nope', expected a known rule: additive"),
    ({"rule": "additive", "lr": 0.1, "beta1": 0.9}, "Wrapped.beta1: got 0.9, expected one of: lr"),
    (
        {"rule": "additive", "lr": 0.1, "zero_policy": "nudge"},
        "Wrapped.zero_policy: got 'nudge', expected one of leave, additive",
    ),
]


@pytest.mark.parametrize(
    ("options", "message"), WRAPPED_FAILING, ids=[m for _, m in WRAPPED_FAILING]
)
def test_failing_options_of_a_wrapped_optimizer_say_why(options, message):
    with pytest.raises(CatalogError, match=re.escape(message)):
        Wrapped(torch.optim.SGD(weights(), lr=1.0), **options)
