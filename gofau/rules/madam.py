"""The Madam rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import RuleEntry, positive
from gofau.rules.base import UpdateRule

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


@final
class Madam(UpdateRule):
    """θ ← clamp(θ·exp(−lr·sign(θ)·n), ±p_scale·rms(θ₀)), with n = clamp(u, ±g_bound).

    The root mean square is taken per tensor of the initial parameter, and per trial in a stack.
    No sign ever flips; a zero never moves. With the ``madam`` direction this is Madam as
    published.

    Source: Bernstein, Zhao, Meister, Liu, Anandkumar, Yue, arXiv 2006.14560.
    """

    entry: ClassVar[RuleEntry] = RuleEntry(
        "madam",
        "θ ← clamp(θ·exp(−lr·sign(θ)·clamp(u, ±g_bound)), ±p_scale·rms(θ₀)).",
        (
            positive("lr", 0.01, "step size in the exponent"),
            positive("p_scale", 3.0, "bound on abs(θ), in units of the initial rms"),
            positive("g_bound", 10.0, "bound on abs(u)"),
        ),
    )
    name: ClassVar[str] = entry.name

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """The bound p_scale·rms(θ₀), one number per tensor and trial."""
        return {"bound": rms(param, batch_dims) * hyper["p_scale"]}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros stay."""
        return False

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        import torch

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
    import torch

    if isinstance(bound, torch.Tensor):
        return torch.minimum(torch.maximum(x, -bound), bound)
    return x.clamp(-bound, bound)
