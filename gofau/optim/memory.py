"""Whether tensors that a step writes share memory with others that it reads or writes."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

__all__ = ["share_memory"]

_PLAIN = (Tensor, torch.nn.Parameter)


def share_memory(rows: Sequence[Sequence[Tensor]]) -> bool:
    """Whether a step of these parameters in another order than one by one may give other values.

    Args:
        rows: each parameter with its gradient and the tensors of its state. Gradients are only
            read, so they may share memory with each other.

    Returns:
        bool: true also where strided tensors of one memory only interleave.
    """
    spans = sorted(span for row in rows for span in _spans(row))
    read = written = 0
    for start, end, writes in spans:
        if start < written or (writes and start < read):
            return True
        read = max(read, end)
        written = max(written, end) if writes else written
    return False


def _spans(row: Sequence[Tensor]) -> Iterator[tuple[int, int, bool]]:
    """First and last address of each tensor with memory, and whether a step writes it."""
    for place, tensor in enumerate(row):
        if type(tensor) in _PLAIN and tensor.numel() and tensor.device.type != "meta":
            start = tensor.data_ptr()
            yield start, start + _reach(tensor), place != 1


def _reach(tensor: Tensor) -> int:
    """Bytes from the first to past the last element."""
    if tensor.is_contiguous():
        return tensor.numel() * tensor.element_size()
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    return (1 + sum((n - 1) * s for n, s in steps)) * tensor.element_size()
