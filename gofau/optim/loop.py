"""The readable implementation: one tensor after the other, by the functional reference."""

from gofau import functional
from gofau.optim.batch import Batch

__all__ = ["run"]


def run(batch: Batch) -> None:
    """Step every parameter of ``batch`` by `gofau.functional.step`."""
    for i, (param, grad, state) in enumerate(
        zip(batch.params, batch.grads, batch.states, strict=True)
    ):
        step = batch.step if isinstance(batch.step, int) else batch.step[i]
        param.copy_(
            functional.step(
                param, grad, batch.direction, batch.rule, state, state, step, batch.hyper
            )
        )
