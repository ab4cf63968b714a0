"""Whether tensors that a step writes share memory with others that it reads or writes."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

__all__ = ["share_memory"]

_PLAIN = (Tensor, torch.nn.Parameter)


def share_memory(rows: Iterable[Sequence[Tensor]]) -> bool:
    """Whether a step of these parameters in another order than one by one may give other values.

    Args:
        rows: each parameter with its gradient and the tensors of its state. Gradients are only
            read, so they may share memory with each other.

    Returns:
        bool: true also where strided tensors of one memory only interleave, and where a transform
        hides the memory.
    """
    try:
        spans = [_span(tensor, place) for row in rows for place, tensor in enumerate(row)]
    except RuntimeError:  # the tensors of torch.func have no address to ask for
        return True
    read = written = 0
    for start, end, writes in sorted(spans):
        if start < written or (writes and start < read):
            return True
        read = max(read, end)
        written = max(written, end) if writes else written
    return False


def _span(tensor: Tensor, place: int) -> tuple[int, int, bool]:
    """First and last address, and whether a step writes it; zeros where there is no memory."""
    start = tensor.data_ptr() if type(tensor) in _PLAIN else 0
    if not start:
        return 0, 0, False
    if tensor.is_contiguous():
        return start, start + tensor.nbytes, place != 1
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    reach = 1 + sum((n - 1) * s for n, s in steps)
    return start, start + reach * tensor.element_size(), place != 1
