"""Subnormal numbers as zeros while a pack trains."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SUBNORMAL = 1e-40


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Treat subnormal floats as 0 in this thread, and put its mode back afterwards.

    A saturated softmax or a vanishing gradient is full of subnormals, on which CPUs multiply
    some fifty times slower; one such trial would slow its whole pack down. Every executor runs
    under this mode, so it tells no two of them apart.
    """
    before = are_flushed()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def are_flushed() -> bool:
    """Whether arithmetic of this thread treats subnormals as 0."""
    return not bool(torch.tensor(SUBNORMAL).mul(1.0) > 0)
