"""Gathers a parameter group's gradients and states into batches of equal kind."""

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gofau.directions import direction as direction_of
from gofau.errors import UnsupportedError
from gofau.hyper import Hyper, State
from gofau.optim.batch import Batch
from gofau.optim.groups import hyper_names
from gofau.optim.zeros import note_zero_initialised, rule_at


class _Kind(NamedTuple):
    device: torch.device
    dtype: torch.dtype
    additive: bool
    step: int | None


@dataclass
class _Members:
    index: int
    params: list[Tensor] = field(default_factory=list)
    grads: list[Tensor] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def add(self, param: Tensor, grad: Tensor, state: State) -> None:
        self.params.append(param)
        self.grads.append(grad)
        self.states.append(state)


def batches(
    group: dict[str, Any], states: MutableMapping[Tensor, Any], path: str
) -> Iterator[Batch]:
    """Count up every parameter that has a gradient, and yield them in batches of equal kind.

    Args:
        group: a resolved parameter group.
        states: the optimizer's state; what is missing starts here.
        path: the group's place in error messages.

    Raises:
        UnsupportedError: a sparse gradient, or a CUDA graph without ``capturable``.
    """
    direction, capturable = direction_of(group["direction"]), bool(group["capturable"])
    hyper = hyperparameters(group, capturable)
    names = direction.state_names(hyper)
    zeros = group["zero_initialised"]
    parts: dict[_Kind, _Members] = {}
    for index, param in enumerate(group["params"]):
        if param.grad is None:
            continue
        _check(param, capturable, f"{path}.params[{index}]")
        state = states[param]
        if "step" not in state:
            _start(group, index, param, state, hyper)
        if any(name not in state for name in names):
            _add_missing(state, direction.init(param, hyper))
        step = _count(state["step"], capturable)
        key = _Kind(param.device, param.dtype, index in zeros, step)
        parts.setdefault(key, _Members(index)).add(param, param.grad, state)
    for key, members in parts.items():
        rule, own = rule_at(group, members.index, hyper)
        number = [s["step"] for s in members.states] if key.step is None else key.step
        yield Batch(members.params, members.grads, members.states, number, direction, rule, own)


def hyperparameters(group: dict[str, Any], capturable: bool) -> Hyper:
    """The group's hyperparameters; tensors become numbers unless a graph must keep them.

    A kept one has no dimensions, whatever it was given with: the multi-tensor kernels take no
    other, and a step of a parameter with fewer dimensions than its step size would change shape.
    """
    names = hyper_names(group["direction"], group["rule"])
    values = {name: dict.__getitem__(group, name) for name in names}  # past what answers for `lr`
    if capturable:
        return {k: v.reshape(()) if isinstance(v, Tensor) else v for k, v in values.items()}
    return {k: v.item() if isinstance(v, Tensor) else v for k, v in values.items()}


def _start(group: dict[str, Any], index: int, param: Tensor, state: State, hyper: Hyper) -> None:
    """Begin a parameter's state: its step count, and what the rule remembers of its start."""
    note_zero_initialised(group, index, param)
    rule, own = rule_at(group, index, hyper)
    device = param.device if group["capturable"] else torch.device("cpu")
    state["step"] = torch.zeros((), dtype=torch.float32, device=device)
    state.update(rule.init(param, own))


def _add_missing(state: State, fresh: State) -> None:
    """Begin the direction's state, or what an option that is turned on later adds to it."""
    state.update({k: v for k, v in fresh.items() if k not in state})


def _count(step: Tensor, capturable: bool) -> int | None:
    step.add_(1)
    return None if capturable else int(step.item())


def _check(param: Tensor, capturable: bool, path: str) -> None:
    grad = param.grad
    if grad is not None and grad.layout is not torch.strided:
        raise UnsupportedError(
            f"{path}.grad: got layout {grad.layout}, expected a dense gradient; "
            "set sparse=False on the embedding, or give its weight to torch.optim.SparseAdam"
        )
    if param.is_cuda and not capturable and torch.cuda.is_current_stream_capturing():
        raise UnsupportedError(
            f"{path}: a CUDA graph records this step, expected capturable=True in its group"
        )
