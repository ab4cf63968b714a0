"""Memory that starts where every other trial's does, whatever the trial's place in the stack.

Libraries of matrix products add up in another order where an operand starts at another offset from
the boundary of a vector or a cache line, and MKL does so unless it is told otherwise. So what a
trial is computed from and what its products are written to start at multiples of `LINE`.
"""

import torch
from torch import Tensor

from gofau.problems import Dataset

LINE = 64
"""Bytes; no vector of a processor is longer."""


def owned(tensor: Tensor) -> Tensor:
    """A contiguous copy in memory of its own, which starts at a multiple of `LINE`."""
    return placed(tensor.clone(memory_format=torch.contiguous_format))


def placed(tensor: Tensor) -> Tensor:
    """``tensor`` itself where it starts at a multiple of `LINE`, else a copy that does."""
    if tensor.device.type != "cpu" or tensor.data_ptr() % LINE == 0:
        return tensor
    # torch allocates at such addresses, so that this is for tensors that came from elsewhere.
    spare = LINE // tensor.element_size()
    room = tensor.new_empty(tensor.numel() + spare)
    start = -room.data_ptr() % LINE // room.element_size()
    copy = room[start : start + tensor.numel()].view(tensor.shape)
    return copy.copy_(tensor)


def aligned(data: Dataset) -> Dataset:
    """The same examples, contiguous and from such addresses, however they were made."""
    parts = (data.train_x, data.train_y, data.val_x, data.val_y)
    return Dataset(*(placed(part.contiguous()) for part in parts))


def matrices(like: Tensor, count: int, rows: int, columns: int) -> Tensor:
    """Room for ``count`` matrices whose rows all start at multiples of `LINE`.

    Returns:
        Tensor: ``[count, rows, columns]`` with its last axis innermost, of the dtype and device of
        ``like``; zeros.
    """
    lanes = LINE // like.element_size()
    length = (columns + lanes - 1) // lanes * lanes
    return placed(like.new_zeros(count, rows, length))[:, :, :columns]


def products(left: Tensor, right: Tensor, out: Tensor) -> Tensor:
    """``left[k] @ right[k]`` for every k, each by a call of its own on a CPU.

    What a library does with one of many products in a call may depend on how many there are.

    Args:
        left: ``[K, m, n]``, from `matrices` or a view into it that starts at its rows' starts.
        right: ``[K, n, p]``, likewise.
        out: ``[K, m, p]``, likewise; written.
    """
    if out.device.type != "cpu":
        return torch.bmm(left, right, out=out)
    for one, other, own in zip(left.unbind(), right.unbind(), out.unbind(), strict=True):
        torch.mm(one, other, out=own)
    return out
