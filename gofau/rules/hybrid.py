"""The hybrid rule of the GOFAU framework."""

from typing import ClassVar, final

import torch
from torch import Tensor

from gofau.hyper import Hyper, State
from gofau.rules.base import UpdateRule


@final
class Hybrid(UpdateRule):
    """θ ← θ − γ·abs(θ)·tanh(lr_in·u)·lr_out − (1 − γ)·lr·u, with 0 ≤ γ ≤ 1.

    γ = 1 is the multiplicative rule and γ = 0 the additive one; below 1 it moves zeros and
    crosses signs.

    Source: Kirtas, Passalis, Tefas, arXiv 2307.07189, Neurocomputing 576:127352 (2024).
    """

    name: ClassVar[str] = "hybrid"

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """Nothing to remember."""
        return {}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros move unless γ = 1."""
        return hyper["gamma"] < 1

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        gamma = hyper["gamma"]
        relative = param.abs() * torch.tanh(u * hyper["lr_in"]) * (gamma * hyper["lr_out"])
        return param - relative - u * ((1 - gamma) * hyper["lr"])
