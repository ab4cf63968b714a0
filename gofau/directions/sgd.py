"""The direction of stochastic gradient descent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import DirectionEntry, Parameter, unit
from gofau.directions.base import Direction
from gofau.hyper import is_off

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, Number, State


@final
class SGD(Direction):
    """The gradient, or its momentum buffer.

    b₁ = g₁;  bₜ = μ·bₜ₋₁ + (1 − d)·gₜ;  u = bₜ, or g + μ·bₜ with Nesterov's momentum.

    Where μ = 0 the direction is g itself and the dampening d plays no part, also for single
    trials of a stack.

    Source: Sutskever, Martens, Dahl, Hinton, ICML 2013, in the form that torch.optim.SGD takes.
    """

    entry: ClassVar[DirectionEntry] = DirectionEntry(
        "sgd",
        "The gradient, or its momentum buffer.",
        (
            unit("momentum", 0.0, "momentum factor", open_high=False),
            replace(
                unit("dampening", 0.0, "dampening of momentum", open_high=False),
                idle_at=(("momentum", 0.0),),
            ),
            Parameter(
                "nesterov",
                bool,
                False,
                "Nesterov momentum",
                needs_nonzero=("momentum",),
                needs_zero=("dampening",),
            ),
        ),
    )
    name: ClassVar[str] = entry.name

    def state_names(self, hyper: Hyper) -> tuple[str, ...]:
        """The momentum buffer's name, or nothing without momentum."""
        return () if is_off(hyper["momentum"]) else ("momentum_buffer",)

    def init(self, param: Tensor, hyper: Hyper) -> State:
        """A momentum buffer of zeros, or nothing without momentum."""
        import torch

        return {name: torch.zeros_like(param) for name in self.state_names(hyper)}

    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """The direction; see `Direction.direct`."""
        momentum = hyper["momentum"]
        if is_off(momentum):
            return grad
        weight = gradient_weight(momentum, hyper["dampening"], step, grad)
        buffer = state["momentum_buffer"].mul_(momentum).add_(grad * weight)
        return grad + buffer * momentum if hyper["nesterov"] else buffer


def gradient_weight(
    momentum: Number, dampening: Number, step: int | Tensor, like: Tensor
) -> Number:
    """What the gradient weighs in the buffer: 1 at the first step or where μ = 0, else 1 − d."""
    if is_off(dampening) or (isinstance(step, int) and step == 1):
        return 1.0
    import torch

    weight: Number = 1 - dampening
    if isinstance(step, int) and not isinstance(momentum, torch.Tensor):
        return weight
    undamped = torch.as_tensor(step == 1, device=like.device) | (momentum == 0)
    kept = weight if isinstance(weight, torch.Tensor) else like.new_full((), weight)
    return torch.where(undamped, like.new_ones(()), kept)
