"""Tensors as the kernels read them: checked, and walkable as flat memory in one common order."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gofau.errors import UnsupportedError
from gofau.fused.library import ELEMENTS

__all__ = ["Walk", "check", "tensor_obstacle", "walk"]

_PLAIN = (Tensor, torch.nn.Parameter)


def tensor_obstacle(tensor: Tensor) -> str | None:
    """Why the kernels cannot serve this tensor, or ``None``."""
    if type(tensor) not in _PLAIN:
        got = f"a {type(tensor).__name__}"
    elif not tensor.is_cpu:
        got = f"one on {tensor.device}"
    elif tensor.layout is not torch.strided:
        got = f"one of layout {tensor.layout}"
    elif tensor.dtype not in ELEMENTS:
        got = f"one of dtype {tensor.dtype}"
    else:
        return None
    return (
        "fused steps serve dense float32, float64 and bfloat16 tensors on the CPU: "
        f"got {got}; use implementation='foreach'"
    )


def check(param: Tensor, others: Sequence[Tensor], dtype: torch.dtype) -> None:
    """Raise `UnsupportedError` unless all are served, and alike in shape and dtype.

    The kernels walk raw memory of one element type, so a difference must never reach them.
    """
    shape = param.shape
    for tensor in (param, *others):
        reason = tensor_obstacle(tensor)
        if reason:
            raise UnsupportedError(reason)
        if tensor.dtype is not dtype or tensor.shape != shape:
            raise UnsupportedError(
                "fused steps need parameters, gradients and states alike: "
                f"got {tensor.dtype} of shape {tuple(tensor.shape)}, expected {dtype} of shape "
                f"{tuple(shape)}; use implementation='loop'"
            )


class Walk(NamedTuple):
    """One parameter's tensors in a common dense order, and the copies to write back after it."""

    tensors: Sequence[Tensor]
    write_back: tuple[tuple[Tensor, Tensor], ...] = ()

    def finish(self) -> None:
        """Copy what was written into a stand-in to the tensor that it stands for."""
        for original, copy in self.write_back:
            original.copy_(copy)


def walk(param: Tensor, others: Sequence[Tensor]) -> Walk:
    """The parameter and its ``others`` (the gradient first), in one memory order.

    Contiguous tensors, and those that are channels-last together, are walked where they are;
    copies stand in for others.
    """
    tensors = (param, *others)
    if all(tensor.is_contiguous() for tensor in tensors):
        return Walk(tensors)
    order = param if _is_dense(param) else param.contiguous()
    alike = tuple(_in_order(tensor, order) for tensor in tensors)
    pairs = zip(tensors, alike, strict=True)
    written = tuple((old, new) for old, new in pairs if old is not new and old is not others[0])
    return Walk(alike, written)


def _is_dense(tensor: Tensor) -> bool:
    channels_last = tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    return channels_last or tensor.is_contiguous()


def _in_order(tensor: Tensor, order: Tensor) -> Tensor:
    same = tensor.stride() == order.stride()
    return tensor if same else torch.empty_like(order).copy_(tensor)
