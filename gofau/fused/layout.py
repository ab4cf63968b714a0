"""Tensors as the kernels read them: checked, and walkable as flat memory in one common order."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gofau.fused.library import ELEMENTS

__all__ = ["Walk", "mismatch", "tensor_obstacle", "walk"]


def tensor_obstacle(tensor: Tensor) -> str | None:
    """Why the kernels cannot serve this tensor, or ``None``."""
    if type(tensor) not in {Tensor, torch.nn.Parameter}:
        got = f"a {type(tensor).__name__}"
    elif tensor.device.type != "cpu":
        got = f"one on {tensor.device}"
    elif tensor.layout != torch.strided:
        got = f"one of layout {tensor.layout}"
    elif tensor.dtype not in ELEMENTS:
        got = f"one of dtype {tensor.dtype}"
    else:
        return None
    return (
        "fused steps serve dense float32, float64 and bfloat16 tensors on the CPU: "
        f"got {got}; use implementation='foreach'"
    )


def mismatch(param: Tensor, dtype: torch.dtype, others: Sequence[Tensor]) -> str | None:
    """What differs in shape or dtype among a parameter, its gradient and its states, or ``None``.

    The kernels walk raw memory of one element type, so a difference must never reach them.
    """
    for other in (param, *others):
        if other.shape != param.shape or other.dtype != dtype:
            return (
                f"fused steps need parameters, gradients and states alike: got {other.dtype} of "
                f"shape {tuple(other.shape)}, expected {dtype} of shape {tuple(param.shape)}; "
                "use implementation='loop'"
            )
    return None


@dataclass(frozen=True)
class Walk:
    """One parameter's tensors in a common dense order, and the copies to write back after it."""

    tensors: tuple[Tensor, ...]
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
    dense = _is_dense(param)
    order = param if dense else param.contiguous()
    alike = tuple(_in_order(tensor, order) for tensor in tensors)
    copies = ((old, new) for old, new in zip(tensors, alike, strict=True) if old is not new)
    return Walk(alike, tuple((old, new) for old, new in copies if old is not others[0]))


def _is_dense(tensor: Tensor) -> bool:
    channels_last = tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    return channels_last or tensor.is_contiguous()


def _in_order(tensor: Tensor, order: Tensor) -> Tensor:
    same = tensor.stride() == order.stride()
    return tensor if same else torch.empty_like(order).copy_(tensor)
