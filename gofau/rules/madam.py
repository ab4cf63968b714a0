"""The Madam rule."""

from typing import ClassVar, final

import torch
from torch import Tensor

from gofau.hyper import Hyper, State
from gofau.rules.base import UpdateRule


@final
class Madam(UpdateRule):
    """θ ← clamp(θ·exp(−lr·sign(θ)·n), ±p_scale·rms(θ₀)), with n = clamp(u, ±g_bound).

    The root mean square is taken per tensor of the initial parameter, and per trial in a stack.
    No sign ever flips; a zero never moves. With the ``madam`` direction this is Madam as
    published.

    Source: Bernstein, Zhao, Meister, Liu, Anandkumar, Yue, arXiv 2006.14560.
    """

    name: ClassVar[str] = "madam"

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """The bound p_scale·rms(θ₀), one number per tensor and trial."""
        return {"bound": rms(param, batch_dims) * hyper["p_scale"]}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros stay."""
        return False

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        exponent = clamp(u, hyper["g_bound"]) * param.sign() * hyper["lr"]
        return clamp(param * torch.exp(-exponent), state["bound"])


def rms(param: Tensor, batch_dims: int) -> Tensor:
    """The root mean square over all axes but the first ``batch_dims``, kept as length-1 axes."""
    axes = tuple(range(batch_dims, param.dim()))
    if not axes:
        return param.detach().abs()
    return param.detach().square().mean(dim=axes, keepdim=True).sqrt()


def clamp(x: Tensor, bound: float | Tensor) -> Tensor:
    """``x`` limited to ±bound; a NaN stays NaN."""
    if isinstance(bound, Tensor):
        return torch.minimum(torch.maximum(x, -bound), bound)
    return x.clamp(-bound, bound)
