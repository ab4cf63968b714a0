"""Tensors as the kernels read them: checked, and walkable as flat memory in one common order."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gofau.errors import UnsupportedError
from gofau.fused.library import ELEMENTS

__all__ = ["Walk", "row_obstacle", "tensor_obstacle", "walk"]

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
    elif not _has_memory(tensor):
        got = "one without memory of its own, as torch.func's transforms hand them out"
    else:
        return None
    return (
        "fused steps serve dense float32, float64 and bfloat16 tensors on the CPU: "
        f"got {got}; use implementation='foreach'"
    )


def row_obstacle(tensors: Sequence[Tensor], dtype: torch.dtype | None = None) -> str | None:
    """Why the kernels cannot serve a parameter, its gradient and its states, or ``None``.

    They walk raw memory of one element type, so a difference must never reach them.

    Args:
        tensors: the parameter, its gradient, and its states of the same shape.
        dtype: what all must be; ``None`` for the parameter's own.
    """
    shape, expected = tensors[0].shape, dtype or tensors[0].dtype
    reasons = (tensor_obstacle(tensor) for tensor in tensors)
    reason = next((r for r in reasons if r), None)
    if reason:
        return reason
    for tensor in tensors:
        if tensor.dtype is not expected or tensor.shape != shape:
            return (
                "fused steps need parameters, gradients and states alike: "
                f"got {tensor.dtype} of shape {tuple(tensor.shape)}, expected {expected} of "
                f"shape {tuple(shape)}; use implementation='loop'"
            )
    written = (tensors[0], *tensors[2:])
    if not torch.is_inference_mode_enabled() and any(map(Tensor.is_inference, written)):
        return (
            "fused steps write normal tensors: got an inference tensor outside of inference "
            "mode; make it a normal one by .clone()"
        )
    return None


def _has_memory(tensor: Tensor) -> bool:
    """Whether a kernel finds elements at the tensor's address; freed storages have none either."""
    try:
        return tensor.data_ptr() != 0 or tensor.numel() == 0
    except RuntimeError:
        return False


class Walk(NamedTuple):
    """One parameter's tensors in a common dense order, and the copies to write back after it."""

    tensors: Sequence[Tensor]
    write_back: tuple[tuple[Tensor, Tensor], ...] = ()

    def finish(self) -> None:
        """Copy what was written into a stand-in to the tensor that it stands for."""
        for original, copy in self.write_back:
            original.copy_(copy)


def walk(tensors: Sequence[Tensor], dtype: torch.dtype) -> Walk:
    """A parameter, its gradient and its states, in one memory order.

    Contiguous tensors, and those that are channels-last together, are walked where they are;
    copies stand in for others, also for those whose elements torch negates when it reads them.

    Raises:
        UnsupportedError: a tensor that the kernels cannot serve, or one that differs from the
            parameter in shape or from ``dtype``.
    """
    if _contiguous_alike(tensors, dtype):
        return Walk(tensors)
    reason = row_obstacle(tensors, dtype)
    if reason:
        raise UnsupportedError(reason)
    param, grad = tensors[0], tensors[1]
    order = param if _is_dense(param) else param.contiguous()
    alike = tuple(_in_order(tensor, order) for tensor in tensors)
    pairs = zip(tensors, alike, strict=True)
    return Walk(alike, tuple((x, y) for x, y in pairs if x is not y and x is not grad))


def _contiguous_alike(tensors: Sequence[Tensor], dtype: torch.dtype) -> bool:
    """Whether all are as `row_obstacle` wants them and contiguous; quick, since it is usual."""
    shape = tensors[0].shape
    for x in tensors:
        plain = type(x) in _PLAIN and x.is_cpu and x.layout is torch.strided and x.dtype is dtype
        if not (plain and x.shape == shape and x.is_contiguous() and not x.is_neg()):
            return False
        if x.is_inference() or not _has_memory(x):
            return False
    return dtype in ELEMENTS


def _is_dense(tensor: Tensor) -> bool:
    channels_last = tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    return channels_last or tensor.is_contiguous()


def _in_order(tensor: Tensor, order: Tensor) -> Tensor:
    """The tensor itself if its memory reads as ``order`` does; one with a negative bit does not."""
    same = tensor.stride() == order.stride() and not tensor.is_neg()
    return tensor if same else torch.empty_like(order).copy_(tensor)
