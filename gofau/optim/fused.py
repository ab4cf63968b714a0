"""The fused implementation: one pass over memory by a compiled kernel."""

from collections.abc import Iterator
from itertools import compress

from torch import Tensor

from gofau.fused import fused_step, obstacle
from gofau.fused.layout import row_obstacle
from gofau.hyper import State
from gofau.optim.batch import Batch

__all__ = ["obstacle_of", "run"]


def run(batch: Batch) -> None:
    """Step every parameter of ``batch`` by `gofau.fused.fused_step`.

    Raises:
        UnsupportedError: tensors, a composition or a machine that the kernels cannot serve.
    """
    for step, params, grads, states in _by_step(batch):
        fused_step(params, grads, states, step, batch.direction, batch.rule, batch.hyper)


def obstacle_of(batch: Batch) -> str | None:
    """Why `run` would refuse ``batch``, or ``None``."""
    moving = batch.direction.state_names(batch.hyper)
    rows = [
        [param, grad, *(state[name] for name in moving)]
        for param, grad, state in zip(batch.params, batch.grads, batch.states, strict=True)
    ]
    reasons = (row_obstacle(row) for row in rows)
    reason = next((r for r in reasons if r), None)
    return reason or obstacle(batch.params, batch.direction, batch.rule, batch.hyper)


def _by_step(batch: Batch) -> Iterator[tuple[int, list[Tensor], list[Tensor], list[State]]]:
    """The lists of each step number; ``capturable`` counts every parameter apart."""
    if isinstance(batch.step, int):
        yield batch.step, batch.params, batch.grads, batch.states
        return
    numbers = [int(step.item()) for step in batch.step]
    for number in sorted(set(numbers)):
        keep = [own == number for own in numbers]
        params, grads = list(compress(batch.params, keep)), list(compress(batch.grads, keep))
        yield number, params, grads, list(compress(batch.states, keep))
