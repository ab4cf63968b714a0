"""Parameter groups: ``lr`` by every method of a dictionary, and keys of somebody else's code."""

import copy
import json
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from gofau import Gofau
from gofau.catalog import CatalogError
from tests.gofau.cases import gradients, run, start

Group = dict[str, Any]


def optimizer(**options: Any) -> Gofau:
    return Gofau(start([(3,)]), "sgd", "multiplicative", **{"lr_out": 0.1, **options})


def written(write: Callable[[Group], object]) -> Group:
    group = optimizer().param_groups[0]
    write(group)
    return group


def assign(group: Group) -> None:
    group["lr"] = 0.001


def merge(group: Group) -> None:
    group |= {"lr": 0.001}


def remade(group: Group) -> None:
    del group["lr"]
    assert "lr" not in group
    assert "lr_out" not in group
    group.setdefault("lr", 0.001)


def popped(group: Group) -> None:
    assert group.pop("lr") == 0.1
    assert group.pop("lr", None) is None
    with pytest.raises(KeyError):
        group.pop("lr")
    group["lr_out"] = 0.001


WRITES = [
    assign,
    merge,
    remade,
    popped,
    lambda g: g.update(lr=0.001),
    lambda g: g.update({"lr": 0.001}),
    lambda g: g.update([("lr", 0.001)]),
]


@pytest.mark.parametrize("write", WRITES)
def test_every_way_to_write_lr_writes_the_rules_own_step_size(write):
    group = written(write)
    assert group["lr_out"] == group["lr"] == group.get("lr") == 0.001
    assert group.setdefault("lr", 5.0) == 0.001
    assert "lr" in group
    assert "lr" not in list(group)
    assert [k for k, _ in group.items() if k == "lr"] == []


def copied_by_json(group: Group) -> Group:
    apart = {k: v for k, v in group.items() if k != "params"}
    return type(group)(json.loads(json.dumps(apart)))


COPIES: list[Callable[[Group], Group]] = [
    copy.copy,
    copy.deepcopy,
    lambda g: g.copy(),
    lambda g: pickle.loads(pickle.dumps(g)),
    lambda g: g | {"name": "weights"},
    lambda g: {"name": "weights"} | g,
    copied_by_json,
]


@pytest.mark.parametrize("made", COPIES)
def test_copies_of_a_group_answer_for_lr_too(made):
    group = optimizer().param_groups[0]
    other = made(group)
    other.update(lr=0.5)
    assert (other["lr_out"], other["lr"]) == (0.5, 0.5)
    assert group["lr_out"] == 0.1


def test_a_merge_gives_the_last_value_of_lr():
    group = optimizer().param_groups[0]
    assert (group | {"lr": 0.5})["lr_out"] == 0.5
    assert ({"lr": 0.5} | group)["lr_out"] == 0.1


def test_a_rule_with_an_lr_of_its_own_keeps_both():
    group = Gofau(start([(3,)]), lr=0.1, lr_out=0.2).param_groups[0]
    group.update(lr=0.5)
    assert (group["lr"], group["lr_out"]) == (0.5, 0.2)
    assert group.pop("lr") == 0.5
    assert group["lr_out"] == 0.2


def test_a_scheduler_drives_what_update_wrote():
    one = optimizer()
    one.param_groups[0].update(lr=0.001)
    scheduler = lr_scheduler.ExponentialLR(one, 0.5)
    run(one, one.param_groups[0]["params"], gradients([(3,)], 1))
    scheduler.step()
    assert one.param_groups[0]["lr_out"] == 0.0005


def test_an_lr_that_was_written_into_a_stored_group_takes_effect():
    one = optimizer()
    state = one.state_dict()
    state["param_groups"][0]["lr"] = 0.001
    one.load_state_dict(state)
    assert one.param_groups[0]["lr_out"] == 0.001


@pytest.mark.parametrize("implementation", ["auto", "loop"])
def test_a_plain_dictionary_with_an_lr_that_nobody_reads_is_refused(implementation):
    one = optimizer(implementation=implementation)
    params = one.param_groups[0]["params"]
    run(one, params, gradients([(3,)], 3))
    one.param_groups[0] = dict(one.param_groups[0])
    run(one, params, gradients([(3,)], 3))
    one.param_groups[0]["lr"] = 0.001
    with pytest.raises(
        CatalogError,
        match=r"param_groups\[0\]\.lr: got 0\.001, expected lr_out, the step size of the rule mult",
    ):
        one.step()


def test_a_group_may_change_its_rule_and_change_back():
    one = Gofau(start([(3,)]), lr=0.1, lr_out=0.2)
    params, group = one.param_groups[0]["params"], one.param_groups[0]
    run(one, params, gradients([(3,)], 3))
    group["rule"] = "multiplicative"
    assert group["lr"] == 0.2
    scheduler = lr_scheduler.ExponentialLR(one, 0.5)
    before = params[0].detach().clone()
    run(one, params, gradients([(3,)], 1))
    scheduler.step()
    assert ((params[0].detach() - before).abs() <= 0.2 * before.abs()).all()
    assert group["lr_out"] == 0.1
    assert copy.deepcopy(one).state_dict()["param_groups"][0]["lr_out"] == 0.1
    group.update(rule="hybrid")
    assert (group["lr"], group["lr_out"]) == (0.1, 0.1)
    run(one, params, gradients([(3,)], 2))


FOREIGN = {"lr_scale": 0.7, "rho": 0.05, "adaptive": True, "lr_mult": 2.0, "tag": "body"}


def test_keys_of_somebody_elses_code_are_kept():
    params = start([(2,), (2,)])
    groups = [{"params": params[:1], **FOREIGN}, {"params": params[1:], "weight_decay": 0.1}]
    one = Gofau(groups, lr=0.1)
    assert {k: one.param_groups[0][k] for k in FOREIGN} == FOREIGN
    assert not set(FOREIGN) & set(one.param_groups[1])
    one.add_param_group({"params": start([(1,)]), "rho": 0.1})
    run(one, params, gradients([(2,), (2,)], 2))
    state = copy.deepcopy(one.state_dict())
    other = Gofau([{"params": g["params"]} for g in one.param_groups], lr=0.1)
    other.load_state_dict(state)
    assert {k: other.param_groups[0][k] for k in FOREIGN} == FOREIGN
    assert other.param_groups[2]["rho"] == 0.1


def test_groups_may_be_handed_from_optimizer_to_optimizer():
    """As sharpness-aware minimization builds its base optimizer from its own groups."""
    first = Gofau([{"params": start([(2,)]), "rho": 0.05}], lr=0.1)
    lr_scheduler.OneCycleLR(first, max_lr=0.5, total_steps=4, cycle_momentum=False)
    second = Gofau(first.param_groups, lr=0.3)
    group = second.param_groups[0]
    assert group["rho"] == 0.05
    assert group["lr"] == first.param_groups[0]["lr"]
    assert group["max_lr"] == first.param_groups[0]["max_lr"]


MISSPELT = [
    ("weight_decy", "weight_decay"),
    ("weigth_decay", "weight_decay"),
    ("wd", "weight_decay"),
    ("gama", "gamma"),
    ("lrout", "lr_out"),
    ("lr_ot", "lr_out"),
    ("LR", "lr"),
    ("learning_rate", "lr"),
    ("betas", "beta1"),
    ("beta_1", "beta1"),
    ("epsilon", "eps"),
    ("ams_grad", "amsgrad"),
    ("zero_polcy", "zero_policy"),
]


@pytest.mark.parametrize(("name", "meant"), MISSPELT)
def test_a_misspelt_hyperparameter_is_no_foreign_key(name, meant):
    one = Gofau(start([(2,)]), lr=0.1)
    with pytest.raises(CatalogError, match=rf"param_groups\[1\]\.{name}: .*mean {meant}\?\)"):
        one.add_param_group({"params": start([(2,)]), name: 0.1})
    with pytest.raises(CatalogError, match=re.escape(f"Gofau.{name}: got 0.1, expected one of")):
        Gofau(start([(2,)]), **{name: 0.1})
    assert len(one.param_groups) == 1


@pytest.mark.parametrize("name", ["momentum", "alpha", "p_scale", "beta"])
def test_another_directions_or_rules_hyperparameter_is_refused_too(name):
    one = Gofau(start([(2,)]), lr=0.1)
    with pytest.raises(CatalogError, match=rf"param_groups\[1\]\.{name}: got 0.5, expected one of"):
        one.add_param_group({"params": start([(2,)]), name: 0.5})


def test_what_a_constructor_does_not_know_is_refused():
    with pytest.raises(CatalogError, match=r"Gofau\.rho: got 0\.05, expected one of"):
        Gofau(start([(2,)]), rho=0.05)
    assert torch.is_tensor(start([(2,)])[0])
