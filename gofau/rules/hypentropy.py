"""The hypentropy rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import RuleEntry, positive
from gofau.rules.base import UpdateRule

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


@final
class Hypentropy(UpdateRule):
    """θ ← β·sinh(asinh(θ/β) − lr·u): mirror descent between additive and exponentiated gradient.

    For β → ∞ with lr·β fixed it is additive with that step size; where abs(θ) ≫ β it is
    exponentiated gradient. It moves zeros and crosses signs.

    Source: Ghai, Hazan, Singer, arXiv 1902.01903.
    """

    entry: ClassVar[RuleEntry] = RuleEntry(
        "hypentropy",
        "θ ← β·sinh(asinh(θ/β) − lr·u).",
        (
            positive("lr", None, "step size in the hyperbolic angle"),
            positive("beta", 1.0, "scale below which the rule is additive"),
        ),
    )
    name: ClassVar[str] = entry.name

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """Nothing to remember."""
        return {}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros move."""
        return True

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        import torch

        beta, angle = hyper["beta"], u * hyper["lr"]
        # By the addition theorem of sinh. Going through asinh and back would round the parameter
        # anew in every step, which drifts in low precision even where u = 0.
        radius = (param * param + beta * beta).sqrt()
        near = param * torch.cosh(angle) - radius * torch.sinh(angle)
        # Where abs(θ) ≫ β those two nearly cancel for large angles, and exponentials do not.
        side = torch.where(param < 0, -1.0, 1.0).to(param.dtype)
        most = radius + param.abs()
        shrunk, grown = torch.exp(-(angle * side)), torch.exp(angle * side)
        far = (most * shrunk - beta * (beta / most) * grown) * (0.5 * side)
        return torch.where(angle.abs() > 1, far, near)
