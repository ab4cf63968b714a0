"""Gathers a parameter group's gradients and states into batches of equal kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gofau.directions import direction as direction_of
from gofau.errors import UnsupportedError
from gofau.hyper import Hyper, State
from gofau.optim.batch import Batch
from gofau.optim.groups import hyper_names, refuse_hidden_rate
from gofau.optim.zeros import begins_at_zero, rule_of_parameter


class _Kind(NamedTuple):
    device: torch.device
    dtype: torch.dtype
    additive: bool
    step: int | None


@dataclass
class _Members:
    params: list[Tensor] = field(default_factory=list)
    grads: list[Tensor] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def add(self, param: Tensor, grad: Tensor, state: State) -> None:
        self.params.append(param)
        self.grads.append(grad)
        self.states.append(state)


def batches(group: dict[str, Any], states: Mapping[Tensor, Any], path: str) -> list[Batch]:
    """Every parameter that has a gradient, in batches of equal kind.

    Nothing is stored or counted up: a step that is refused or that fails leaves no trace. What a
    parameter's state lacks is in the batch's own dictionary, and `Batch.finish` stores it.

    Args:
        group: a resolved parameter group.
        states: the optimizer's state.
        path: the group's place in error messages.

    Raises:
        UnsupportedError: a parameter or a gradient that no implementation can step.
    """
    refuse_hidden_rate(group, path)
    direction, capturable = direction_of(group["direction"]), bool(group["capturable"])
    hyper = hyperparameters(group, capturable)
    names = direction.state_names(hyper)
    parts: dict[_Kind, _Members] = {}
    for index, param in enumerate(group["params"]):
        grad = param.grad
        if grad is None:
            continue
        _check(param, grad, capturable, f"{path}.params[{index}]")
        state: State = dict(states.get(param) or {})
        if "step" not in state or any(name not in state for name in names):
            _complete(group, param, state, hyper)
        number = None if capturable else int(state["step"].item()) + 1
        key = _Kind(param.device, param.dtype, bool(state.get("zero_initialised")), number)
        parts.setdefault(key, _Members()).add(param, grad, state)
    return [_batch(group, key, members, hyper) for key, members in parts.items()]


def _batch(group: dict[str, Any], key: _Kind, members: _Members, hyper: Hyper) -> Batch:
    rule, own = rule_of_parameter(group, members.states[0], hyper)
    number: int | list[Tensor] | None = key.step
    if number is None:
        number = list(torch._foreach_add([state["step"] for state in members.states], 1))
    direction = direction_of(group["direction"])
    return Batch(members.params, members.grads, members.states, number, direction, rule, own)


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


def _complete(group: dict[str, Any], param: Tensor, state: State, hyper: Hyper) -> None:
    """Begin what a state lacks: all of it, or what an option that is turned on later adds.

    Also a step in inference mode begins tensors that every later step may write.
    """
    with torch.inference_mode(mode=False), torch.no_grad():
        if "step" not in state:
            _start(group, param, state, hyper)
        fresh = direction_of(group["direction"]).init(param, hyper)
    state.update({k: v for k, v in fresh.items() if k not in state})


def _start(group: dict[str, Any], param: Tensor, state: State, hyper: Hyper) -> None:
    """Begin a parameter's step count, and what the rule remembers of its start."""
    if group["zero_policy"] == "additive":
        state["zero_initialised"] = begins_at_zero(param)  # type: ignore[assignment]
    rule, own = rule_of_parameter(group, state, hyper)
    device = param.device if group["capturable"] else torch.device("cpu")
    # A tensor made of a number is one whose number torch's fake tensors know.
    state["step"] = torch.tensor(0.0, dtype=torch.float32, device=device)
    state.update(rule.init(param, own))


def _check(param: Tensor, grad: Tensor, capturable: bool, path: str) -> None:
    refuse_dtype(param, path)
    if grad.layout is not torch.strided:
        raise UnsupportedError(
            f"{path}.grad: got layout {grad.layout}, expected a dense gradient; "
            "set sparse=False on the embedding, or give its weight to torch.optim.SparseAdam"
        )
    if param.is_inference() and not torch.is_inference_mode_enabled():
        raise UnsupportedError(
            f"{path}: got an inference tensor outside of inference mode, expected a normal "
            "parameter; make it one by .clone()"
        )
    if not param.is_contiguous() and _repeats_itself(param):
        raise UnsupportedError(
            f"{path}: got strides {param.stride()} for shape {tuple(param.shape)}, expected a "
            "parameter whose elements have memory of their own; make it one by .clone()"
        )
    if param.is_cuda and not capturable and torch.cuda.is_current_stream_capturing():
        raise UnsupportedError(
            f"{path}: a CUDA graph records this step, expected capturable=True in its group"
        )


def refuse_dtype(param: Tensor, path: str) -> None:
    """Raise `UnsupportedError` for a parameter that the rules are not defined on."""
    if not param.is_floating_point():
        raise UnsupportedError(
            f"{path}: got dtype {param.dtype}, expected a real "
            "floating-point parameter; optimize torch.view_as_real of a complex one"
        )


def refuse_untrainable(params: list[Tensor], path: str) -> None:
    """Raise `UnsupportedError` for a parameter that asks for gradients and cannot be stepped.

    A frozen one may be of any dtype, such as the integers of a quantized model.
    """
    for index, param in enumerate(params):
        if param.requires_grad:
            refuse_dtype(param, f"{path}.params[{index}]")


def _repeats_itself(param: Tensor) -> bool:
    return any(s == 0 and n > 1 for s, n in zip(param.stride(), param.shape, strict=True))
