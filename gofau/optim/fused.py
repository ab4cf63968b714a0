"""The fused implementation: one pass over memory by a compiled kernel."""

from collections import defaultdict

from gofau.fused import fused_step, obstacle
from gofau.optim.batch import Batch

__all__ = ["obstacle_of", "run"]


def run(batch: Batch) -> None:
    """Step every parameter of ``batch`` by `gofau.fused.fused_step`.

    Raises:
        UnsupportedError: tensors, a composition or a machine that the kernels cannot serve.
    """
    for step, members in _by_step(batch).items():
        fused_step(
            [batch.params[i] for i in members],
            [batch.grads[i] for i in members],
            [batch.states[i] for i in members],
            step,
            batch.direction,
            batch.rule,
            batch.hyper,
        )


def obstacle_of(batch: Batch) -> str | None:
    """Why `run` would refuse ``batch``, or ``None``."""
    return obstacle([*batch.params, *batch.grads], batch.direction, batch.rule, batch.hyper)


def _by_step(batch: Batch) -> dict[int, list[int]]:
    """The places of the parameters at each step number; ``capturable`` counts them apart."""
    if isinstance(batch.step, int):
        return {batch.step: list(range(len(batch.params)))}
    members: defaultdict[int, list[int]] = defaultdict(list)
    for place, step in enumerate(batch.step):
        members[int(step.item())].append(place)
    return members
