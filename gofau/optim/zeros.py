"""What happens to exact zeros: the frozen fraction and the zero policy."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer

from gofau.hyper import Hyper, State
from gofau.rules import Additive, UpdateRule
from gofau.rules import rule as rule_of

_ADDITIVE = Additive()


def note_zero_initialised(group: dict[str, Any], index: int, param: Tensor) -> None:
    """Record in the group that its parameter ``index`` starts as zeros, if the policy asks."""
    if group["zero_policy"] == "additive" and count_nonzero(param) == 0:
        group["zero_initialised"].append(index)


def count_nonzero(param: Tensor) -> int:
    """How many elements are not exactly zero; of a sharded parameter, in all its shards."""
    values = param.detach()
    if isinstance(values, DTensor):
        values = values.full_tensor()
    return int(torch.count_nonzero(values))


def rule_at(group: dict[str, Any], index: int, hyper: Hyper) -> tuple[UpdateRule, Hyper]:
    """The rule and hyperparameters that move parameter ``index`` of the group.

    Under the policy ``additive``, a zero-initialised tensor takes additive steps of the rule's
    own step size (``lr_out`` for the multiplicative rule, else ``lr``).
    """
    rule = rule_of(group["rule"])
    if index not in group["zero_initialised"]:
        return rule, hyper
    return _ADDITIVE, {**hyper, "lr": hyper[rule.step_size]}


def frozen_fraction(optimizer: Optimizer) -> float:
    """The share of parameter elements that cannot move: exact zeros under a rule that keeps them.

    Args:
        optimizer: a `Gofau` or `Wrapped` optimizer.

    Returns:
        float: in [0, 1]; 0 for rules that move zeros.
    """
    frozen = total = 0
    for group, index, param in _parameters(optimizer):
        total += param.numel()
        if not _moves_zero(group, index, param, optimizer.state.get(param, {})):
            frozen += param.numel() - count_nonzero(param)
    return frozen / total if total else 0.0


def _parameters(optimizer: Optimizer) -> Iterator[tuple[dict[str, Any], int, Tensor]]:
    for group in optimizer.param_groups:
        for index, param in enumerate(group["params"]):
            yield group, index, param


def _moves_zero(group: dict[str, Any], index: int, param: Tensor, state: State) -> bool:
    if index in group["zero_initialised"]:
        return True
    unstarted = "step" not in state
    if unstarted and group["zero_policy"] == "additive" and count_nonzero(param) == 0:
        return True
    return bool(rule_of(group["rule"]).moves_zero(group))
