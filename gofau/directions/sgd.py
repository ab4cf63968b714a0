"""The direction of stochastic gradient descent."""

from typing import ClassVar, final

import torch
from torch import Tensor

from gofau.directions.base import Direction
from gofau.hyper import Hyper, Number, State, is_off


@final
class SGD(Direction):
    """The gradient, or its momentum buffer.

    b₁ = g₁;  bₜ = μ·bₜ₋₁ + (1 − d)·gₜ;  u = bₜ, or g + μ·bₜ with Nesterov's momentum.

    Where μ = 0 the direction is g itself and the dampening d plays no part, also for single
    trials of a stack.

    Source: Sutskever, Martens, Dahl, Hinton, ICML 2013, in the form that torch.optim.SGD takes.
    """

    name: ClassVar[str] = "sgd"

    def init(self, param: Tensor, hyper: Hyper) -> State:
        """A momentum buffer of zeros, or nothing without momentum."""
        if is_off(hyper["momentum"]):
            return {}
        return {"momentum_buffer": torch.zeros_like(param)}

    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """The direction; see `Direction.direct`."""
        momentum = hyper["momentum"]
        if is_off(momentum):
            return grad
        weight = gradient_weight(momentum, hyper["dampening"], step)
        buffer = state["momentum_buffer"].mul_(momentum).add_(grad * weight)
        return grad + buffer * momentum if hyper["nesterov"] else buffer


def gradient_weight(momentum: Number, dampening: Number, step: int | Tensor) -> Number:
    """What the gradient weighs in the buffer: 1 at the first step or where μ = 0, else 1 − d."""
    if is_off(dampening):
        return 1.0
    weight: Number = 1 - dampening
    if isinstance(step, int):
        weight = 1.0 if step == 1 else weight
    else:
        weight = torch.where(step == 1, 1.0, weight)
    if isinstance(momentum, Tensor):
        weight = torch.where(momentum == 0, 1.0, weight)
    return weight
