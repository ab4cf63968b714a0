"""The exponentiated-gradient rule with fixed signs."""

from typing import ClassVar, final

import torch
from torch import Tensor

from gofau.hyper import Hyper, State
from gofau.rules.base import UpdateRule


@final
class ExponentiatedGradient(UpdateRule):
    """θ ← θ·exp(−lr·sign(θ)·u); signs never flip and a zero never moves.

    Source: Kivinen, Warmuth, Information and Computation 132 (1997); for networks with signed
    weights: Cornford and others (2024).
    """

    name: ClassVar[str] = "exponentiated_gradient"

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """Nothing to remember."""
        return {}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros stay."""
        return False

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        return param * torch.exp(-(u * param.sign() * hyper["lr"]))
