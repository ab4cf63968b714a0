"""The direction of Adagrad."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import DirectionEntry, Parameter, positive
from gofau.directions.base import Direction, exact_step

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


@final
class Adagrad(Direction):
    """The gradient over the root of its summed squares.

    sₜ = sₜ₋₁ + g²;  u = g / (√sₜ + ε) / (1 + (t − 1)·lr_decay), with s₀ the initial accumulator.

    Source: Duchi, Hazan, Singer, JMLR 12 (2011), in the form that torch.optim.Adagrad takes.
    """

    entry: ClassVar[DirectionEntry] = DirectionEntry(
        "adagrad",
        "The gradient over the root of its summed squares.",
        (
            positive("eps", 1e-10, "added to the denominator"),
            Parameter("lr_decay", float, 0.0, "slows u by 1 + (t - 1)·lr_decay", low=0.0),
            Parameter("initial_accumulator_value", float, 0.0, "where the sum starts", low=0.0),
        ),
        step_size=1e-2,
    )
    name: ClassVar[str] = entry.name

    def state_names(self, hyper: Hyper) -> tuple[str, ...]:
        """The accumulator's name; see `Direction.state_names`."""
        return ("sum",)

    def init(self, param: Tensor, hyper: Hyper) -> State:
        """The accumulator at its initial value."""
        import torch

        return {"sum": torch.zeros_like(param).add_(hyper["initial_accumulator_value"])}

    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """The direction; see `Direction.direct`."""
        total = state["sum"].addcmul_(grad, grad)
        slowdown = 1 + (exact_step(step, grad) - 1) * hyper["lr_decay"]
        return grad / (total.sqrt() + hyper["eps"]) / slowdown
