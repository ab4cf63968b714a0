"""The exponentiated-gradient rule with fixed signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import RuleEntry, positive
from gofau.rules.base import UpdateRule

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


@final
class ExponentiatedGradient(UpdateRule):
    """θ ← θ·exp(−lr·sign(θ)·u); signs never flip and a zero never moves.

    Source: Kivinen, Warmuth, Information and Computation 132 (1997); for networks with signed
    weights: Cornford and others (2024).
    """

    entry: ClassVar[RuleEntry] = RuleEntry(
        "exponentiated_gradient",
        "θ ← θ·exp(−lr·sign(θ)·u).",
        (positive("lr", None, "step size in the exponent"),),
    )
    name: ClassVar[str] = entry.name

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """Nothing to remember."""
        return {}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros stay."""
        return False

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        import torch

        return param * torch.exp(-(u * param.sign() * hyper["lr"]))
