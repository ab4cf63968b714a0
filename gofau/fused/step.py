"""Fused steps on lists of tensors: every element is read, stepped and written once."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd.graph import increment_version

from gofau.directions.base import Direction
from gofau.errors import UnsupportedError
from gofau.fused.composition import compose
from gofau.fused.layout import tensor_obstacle, walk
from gofau.fused.library import Shared, kernel, run
from gofau.hyper import Hyper, State
from gofau.rules.base import UpdateRule

__all__ = ["fused_step", "obstacle"]


@torch.no_grad()
def fused_step(  # noqa: PLR0917 - the lists of what gofau.functional.step takes
    params: Sequence[Tensor],
    grads: Sequence[Tensor],
    states: Sequence[State],
    step: int,
    direction: Direction,
    rule: UpdateRule,
    hyper: Hyper,
) -> None:
    """`gofau.functional.step` for every parameter, in place, in one pass over memory.

    Args:
        params: parameters on the CPU of one dtype: float32, float64 or bfloat16; written in place.
        grads: their gradients, of the same shapes and dtype; not written.
        states: what ``direction.init`` and ``rule.init`` made of each, updated in place.
        step: the step's number, from 1.
        direction: which way; one of gofau's own.
        rule: how far; one of gofau's own.
        hyper: hyperparameters as `gofau.functional.step` takes them, one number each.

    Raises:
        UnsupportedError: tensors, a composition or a machine that the kernels cannot serve;
            nothing has been written then.
    """
    if not params:
        return
    composition = compose(direction, rule, step, hyper)
    moving, dtype = composition.direction.states, params[0].dtype
    walks = [
        walk([param, grad, *[state[name] for name in moving]], dtype)
        for param, grad, state in zip(params, grads, states, strict=True)
    ]
    function = kernel(*composition.templates, dtype)
    pointers: list[int] = []
    for w, state in zip(walks, states, strict=True):
        pointers += [tensor.data_ptr() for tensor in w.tensors]
        pointers += [state[name].data_ptr() for name in composition.rule.states]
    run(function, pointers, [param.numel() for param in params], Shared(*composition.numbers))
    for w in walks:
        w.finish()
    increment_version(params)


def obstacle(
    tensors: Sequence[Tensor], direction: Direction, rule: UpdateRule, hyper: Hyper
) -> str | None:
    """Why `fused_step` would refuse these parameters and gradients here, or ``None``.

    Builds the kernels that they need, so that a machine without a compiler is found before the
    first step.
    """
    if torch._C._len_torch_dispatch_stack():
        return (
            "fused steps go past torch's operators: got an active dispatch mode, such as that of "
            "fake tensors or of a counter, which would not see them; use implementation='foreach'"
        )
    reasons = (tensor_obstacle(tensor) for tensor in tensors)
    reason = next((r for r in reasons if r), None)
    if reason:
        return reason
    try:
        composition = compose(direction, rule, 1, hyper)
        for dtype in {tensor.dtype for tensor in tensors}:
            kernel(*composition.templates, dtype)
    except UnsupportedError as error:
        return str(error)
    return None
