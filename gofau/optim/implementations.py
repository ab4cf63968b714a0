"""Which implementation performs a step."""

import logging
from functools import cache
from types import MappingProxyType

import torch
from torch import Tensor

from gofau.errors import UnsupportedError
from gofau.optim import foreach, fused, loop
from gofau.optim.batch import Batch, Implementation
from gofau.optim.memory import share_memory

implementations: MappingProxyType[str, Implementation] = MappingProxyType(
    {"loop": loop.run, "foreach": foreach.run, "fused": fused.run}
)
"""Everything that can perform a step, by name."""

_PLAIN = (Tensor, torch.nn.Parameter)


def require(name: str) -> None:
    """Raise `UnsupportedError` unless ``name`` is "auto" or an implementation that exists."""
    if name != "auto" and name not in implementations:
        raise UnsupportedError(
            f"implementation: got {name!r}, which this release does not have; "
            f"expected auto, {', '.join(implementations)}"
        )


def choose(name: str, batch: Batch) -> str:
    """Which implementation performs ``batch``, by the name that its group asks for.

    Tensors that share memory are stepped one after the other, as torch does it: whoever computes
    on whole lists, or by several threads, would lose updates.

    Raises:
        UnsupportedError: the implementation cannot perform it; nothing has been written.
    """
    if name == "fused":
        reason = fused.obstacle_of(batch)
        if reason is not None:
            raise UnsupportedError(reason)
    if name == "foreach" and not foreach.supports(batch):
        raise UnsupportedError(
            f"implementation: got 'foreach' for {batch.direction.name} and {batch.rule.name}, "
            "expected auto or loop, since one of them is not written for lists of tensors"
        )
    chosen = _best(batch) if name == "auto" else name
    if chosen == "foreach" and not foreach.serves(batch):
        return "loop"
    if chosen == "loop":
        return chosen
    # Kernels write states where they lie; whole lists of them were made by gofau.
    rows = batch.rows() if chosen == "fused" else zip(batch.params, batch.grads, strict=True)
    return "loop" if share_memory(rows) else chosen


def _best(batch: Batch) -> str:
    """``fused`` where its kernels serve, else ``foreach`` for plain tensors, else ``loop``."""
    if not all(type(p) in _PLAIN for p in batch.params):
        return "loop"
    if all(p.is_cpu for p in batch.params):
        reason = fused.obstacle_of(batch)
        if reason is None:
            return "fused"
        _note(reason)
    return "foreach" if foreach.supports(batch) else "loop"


@cache
def _note(reason: str) -> None:
    """Log once a process why a step on the CPU is not fused."""
    logging.getLogger(__name__).warning("implementation: auto does not fuse: %s", reason)
