"""The groups of a wrapped optimizer and of the one inside it stay alike."""

import copy
import pickle
import re
from typing import Any

import pytest
import torch

from gofau import Wrapped
from gofau.catalog import CatalogError
from gofau.errors import StateError
from tests.gofau.cases import gradients, run, start

SHAPES = [(3, 2), (2,)]


def hybrid(inner: torch.optim.Optimizer) -> Wrapped:
    return Wrapped(inner, "hybrid", lr=0.1, lr_out=0.2)


def test_groups_keep_what_others_noted_in_them():
    weight, bias = start(SHAPES)
    groups = [
        {"params": [("weight", weight)], "lr_scale": 0.5, "lr_out": 0.4},
        {"params": [("bias", bias)], "lr_scale": 1.0, "name": "biases", "weight_decay": 0.0},
    ]
    optimizer = hybrid(torch.optim.AdamW(groups, lr=1.0))
    first, second = optimizer.param_groups
    assert (first["lr_scale"], first["param_names"], first["lr"]) == (0.5, ["weight"], 0.1)
    assert (first["lr_out"], second["lr_out"], second["name"]) == (0.4, 0.2, "biases")
    assert not {"weight_decay", "betas"} & {*first, *second}


def test_a_schedule_of_the_inner_optimizer_is_none_of_the_rules():
    inner = torch.optim.SGD(start(SHAPES), lr=1.0)
    torch.optim.lr_scheduler.ExponentialLR(inner, 0.5)
    assert "initial_lr" not in hybrid(inner).param_groups[0]


def test_an_added_group_is_split_between_both():
    weight, bias = start(SHAPES)
    optimizer = hybrid(torch.optim.AdamW([weight], lr=1.0, weight_decay=0.1))
    group = {"params": bias, "rule": "additive", "lr": 0.5, "weight_decay": 0.0, "lr_scale": 2.0}
    optimizer.add_param_group(group)
    ours, theirs = optimizer.param_groups[1], optimizer.inner.param_groups[1]
    assert (ours["rule"], ours["lr"], ours["lr_scale"], "lr_out" in ours) == (
        *("additive", 0.5, 2.0),
        False,
    )
    assert (theirs["lr"], theirs["weight_decay"], theirs["params"]) == (1.0, 0.0, [bias])
    before = [weight.detach().clone(), bias.detach().clone()]
    after = run(optimizer, [weight, bias], gradients(SHAPES, 1))
    torch.testing.assert_close(after[1], before[1] - 0.5 * gradients(SHAPES, 1)[0][1].sign())
    assert not torch.equal(after[0], before[0])


FAILING_GROUPS: list[tuple[dict[str, Any], str]] = [
    ({"lr": 0.1}, "param_groups[1].lr: got 0.1, expected one of: lr_in, lr_out"),
    ({"lr_uot": 0.1}, "param_groups[1].lr_uot: got 0.1, expected one of: lr_in, lr_out"),
    ({"gamma": 0.1}, "param_groups[1].gamma: got 0.1, expected one of: lr_in, lr_out"),
    ({"lr_out": -1.0}, "param_groups[1].lr_out: got -1.0, expected a finite number > 0"),
    ({"weight_decay": -1.0}, "Invalid weight_decay value: -1.0"),
    ({"zero_policy": "nudge"}, "param_groups[1].zero_policy: got 'nudge', expected one of leave"),
]


@pytest.mark.parametrize(("options", "message"), FAILING_GROUPS, ids=[m for _, m in FAILING_GROUPS])
def test_a_group_that_cannot_be_is_added_to_neither(options, message, monkeypatch):
    weight, bias = start(SHAPES)
    optimizer = Wrapped(Strict([weight]), "multiplicative", lr_out=0.1)
    with pytest.raises((CatalogError, ValueError), match=re.escape(message)):
        optimizer.add_param_group({"params": [bias], **options})
    assert len(optimizer.param_groups) == len(optimizer.inner.param_groups) == 1
    with pytest.raises(TypeError, match=re.escape("param_groups[1]: got list, expected a dict")):
        optimizer.add_param_group([bias])


class Strict(torch.optim.SGD):
    """An optimizer that checks the groups that are added to it."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        decay = param_group.get("weight_decay", 0.0)
        if decay < 0:
            raise ValueError(f"Invalid weight_decay value: {decay}")
        super().add_param_group(param_group)


def test_a_group_of_the_inner_optimizer_alone_is_an_error_before_anything_moves():
    weight, bias = start(SHAPES)
    optimizer = hybrid(torch.optim.SGD([weight], lr=1.0))
    optimizer.inner.add_param_group({"params": [bias]})
    before = [weight.detach().clone(), bias.detach().clone()]
    with pytest.raises(StateError, match=r"inner\.param_groups: got 2 groups, expected 1; add"):
        run(optimizer, [weight, bias], gradients(SHAPES, 1))
    torch.testing.assert_close([weight.detach(), bias.detach()], before, rtol=0, atol=0)
    optimizer.add_param_group({"params": [bias]})
    assert not torch.equal(run(optimizer, [weight, bias], gradients(SHAPES, 1))[1], before[1])


def copied(optimizer: Wrapped) -> list[Wrapped]:
    return [optimizer, copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))]


@pytest.mark.parametrize("way", range(3), ids=["itself", "deepcopy", "pickle"])
def test_exchanged_parameters_are_handed_over_until_something_is_remembered(way):
    others, expected = start(SHAPES), start(SHAPES)
    optimizer = copied(hybrid(torch.optim.Adam(start(SHAPES, seed=5), lr=1.0)))[way]
    optimizer.param_groups[0]["params"] = list(others)
    grads = gradients(SHAPES, 3)
    run(hybrid(torch.optim.Adam(expected, lr=1.0)), expected, grads)
    torch.testing.assert_close(run(optimizer, others, grads), [p.detach() for p in expected])
    optimizer.param_groups[0]["params"] = start(SHAPES)
    with pytest.raises(StateError, match="exchange them in its groups, before the first step"):
        optimizer.step()


def test_parameters_that_are_exchanged_behind_the_wrapper_are_an_error():
    optimizer = hybrid(torch.optim.SGD(start(SHAPES), lr=1.0))
    optimizer.inner.param_groups[0]["params"] = start(SHAPES)
    with pytest.raises(StateError, match=r"inner\.param_groups\[0\]\.params: got parameters"):
        optimizer.step()
