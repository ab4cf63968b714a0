"""The hybrid rule of the GOFAU framework."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import RuleEntry, unit
from gofau.rules.additive import LR
from gofau.rules.base import UpdateRule
from gofau.rules.multiplicative import LR_IN, LR_OUT

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


@final
class Hybrid(UpdateRule):
    """θ ← θ − γ·abs(θ)·tanh(lr_in·u)·lr_out − (1 − γ)·lr·u, with 0 ≤ γ ≤ 1.

    γ = 1 is the multiplicative rule and γ = 0 the additive one; below 1 it moves zeros and
    crosses signs.

    Source: Kirtas, Passalis, Tefas, arXiv 2307.07189, Neurocomputing 576:127352 (2024).
    """

    entry: ClassVar[RuleEntry] = RuleEntry(
        "hybrid",
        "γ parts multiplicative and 1 − γ parts additive.",
        (
            replace(LR, idle_at=(("gamma", 1.0),)),
            replace(LR_IN, idle_at=(("gamma", 0.0),)),
            replace(LR_OUT, idle_at=(("gamma", 0.0),)),
            unit("gamma", 0.5, "share of the multiplicative term", open_high=False),
        ),
        lr_drives=("lr", "lr_out"),
    )
    name: ClassVar[str] = entry.name

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """Nothing to remember."""
        return {}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros move unless γ = 1."""
        return hyper["gamma"] < 1

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        import torch

        gamma = hyper["gamma"]
        relative = param.abs() * torch.tanh(u * hyper["lr_in"]) * (gamma * hyper["lr_out"])
        return param - relative - u * ((1 - gamma) * hyper["lr"])
