"""What happens to exact zeros: the frozen fraction and the zero policy."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from gofau.hyper import Hyper
from gofau.rules import UpdateRule
from gofau.rules import rule as rule_of
from gofau.rules.additive import Additive

_ADDITIVE = Additive()


def begins_at_zero(param: Tensor) -> bool:
    """Whether every element is exactly zero; what the policy ``additive`` asks at the start.

    The answer belongs to the parameter, wherever its group lists it, so it is kept in its state.
    """
    return param.device.type != "meta" and count_nonzero(param) == 0


def count_nonzero(param: Tensor) -> int:
    """How many elements are not exactly zero; of a sharded parameter, in all its shards."""
    values = param.detach()
    if isinstance(values, DTensor):
        values = values.full_tensor()
    return int(torch.count_nonzero(values))


def rule_of_parameter(
    group: Mapping[str, Any], state: Mapping[str, Any], hyper: Hyper
) -> tuple[UpdateRule, Hyper]:
    """The rule and hyperparameters that move a parameter of the group with this state.

    Under the policy ``additive``, a zero-initialised tensor takes additive steps of the rule's
    own step size (``lr_out`` for the multiplicative rule, else ``lr``).
    """
    rule = rule_of(group["rule"])
    if not state.get("zero_initialised"):
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
    for group, param in _parameters(optimizer):
        total += param.numel()
        if not _moves_zero(group, param, optimizer.state.get(param, {})):
            frozen += param.numel() - count_nonzero(param)
    return frozen / total if total else 0.0


def _parameters(optimizer: Optimizer) -> Iterator[tuple[dict[str, Any], Tensor]]:
    """All that has a value: a lazy module's parameters have none before its first batch."""
    for group in optimizer.param_groups:
        for param in group["params"]:
            if not is_lazy(param):
                yield group, param


def _moves_zero(group: dict[str, Any], param: Tensor, state: Mapping[str, Any]) -> bool:
    if state.get("zero_initialised"):
        return True
    unstarted = "zero_initialised" not in state
    if unstarted and group["zero_policy"] == "additive" and begins_at_zero(param):
        return "step" not in state
    return bool(rule_of(group["rule"]).moves_zero(group))
