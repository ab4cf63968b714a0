"""The direction of RMSProp."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import DirectionEntry, Parameter, positive, unit
from gofau.directions.base import Direction, decay_towards
from gofau.hyper import is_off

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


@final
class RMSProp(Direction):
    """The gradient over the root of a running mean of its squares, or that ratio's momentum.

    vₜ = α·vₜ₋₁ + (1 − α)·g²;  r = g / (√vₜ + ε), with vₜ − ḡₜ² under the root when centered
    (ḡ the running mean of g);  u = r, or the buffer bₜ = μ·bₜ₋₁ + r.

    Source: Hinton's Coursera lecture 6e (2012) and Graves, arXiv 1308.0850 (centered), in the
    form that torch.optim.RMSprop takes.
    """

    entry: ClassVar[DirectionEntry] = DirectionEntry(
        "rmsprop",
        "The gradient over the root of a running mean of its squares.",
        (
            unit("alpha", 0.99, "decay of the squared gradient"),
            positive("eps", 1e-8, "added to the denominator"),
            unit("momentum", 0.0, "momentum factor", open_high=False),
            Parameter("centered", bool, False, "subtract the squared mean gradient"),
        ),
        step_size=1e-2,
    )
    name: ClassVar[str] = entry.name

    def state_names(self, hyper: Hyper) -> tuple[str, ...]:
        """The running means' names, and a buffer's when there is momentum."""
        mean = ("grad_avg",) if hyper["centered"] else ()
        buffer = () if is_off(hyper["momentum"]) else ("momentum_buffer",)
        return ("square_avg", *mean, *buffer)

    def init(self, param: Tensor, hyper: Hyper) -> State:
        """Running means and buffer of zeros."""
        import torch

        return {name: torch.zeros_like(param) for name in self.state_names(hyper)}

    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """The direction; see `Direction.direct`."""
        variance = decay_towards(state["square_avg"], grad * grad, hyper["alpha"])
        if hyper["centered"]:
            mean = decay_towards(state["grad_avg"], grad, hyper["alpha"])
            variance = variance - mean * mean
        ratio = grad / (variance.sqrt() + hyper["eps"])
        if is_off(hyper["momentum"]):
            return ratio
        return state["momentum_buffer"].mul_(hyper["momentum"]).add_(ratio)
