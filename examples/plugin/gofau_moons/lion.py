"""Lion's direction, entry and implementation in one file, which imports torch inside functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import DirectionEntry, unit
from gofau.catalog.plugins import DirectionPlugin
from gofau.directions import Direction

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State

lion = DirectionPlugin(
    DirectionEntry(
        "lion",
        "The sign of a mean of the gradient and its running mean.",
        (
            unit("beta1", 0.9, "weight of the running mean in the direction"),
            unit("beta2", 0.99, "decay of the running mean"),
        ),
        step_size=1e-4,
    ),
    implementation="gofau_moons.lion:Lion",
)


@final
class Lion(Direction):
    """u = sign(β₁·m + (1 − β₁)·g), then m ← β₂·m + (1 − β₂)·g.

    Source: Chen and others, Symbolic discovery of optimization algorithms, arXiv 2302.06675.
    """

    name: ClassVar[str] = lion.entry.name

    def state_names(self, hyper: Hyper) -> tuple[str, ...]:
        """The running mean's name."""
        return ("exp_avg",)

    def init(self, param: Tensor, hyper: Hyper) -> State:
        """The running mean at zero."""
        import torch

        return {"exp_avg": torch.zeros_like(param)}

    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """The direction; each number in ``hyper`` may be a tensor, one value per trial."""
        mean, beta1, beta2 = state["exp_avg"], hyper["beta1"], hyper["beta2"]
        u = (mean * beta1 + grad * (1 - beta1)).sign()
        mean.mul_(beta2).add_(grad * (1 - beta2))
        return u
