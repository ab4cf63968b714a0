"""The multiplicative rule of the GOFAU framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, final

from gofau.catalog import RuleEntry, positive
from gofau.rules.base import UpdateRule

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State

LR_IN: Final = positive("lr_in", 1.0, "step size inside the tanh")
LR_OUT: Final = positive("lr_out", None, "largest relative change of a parameter in one step")


@final
class Multiplicative(UpdateRule):
    """θ ← θ − abs(θ)·tanh(lr_in·u)·lr_out.

    One step changes a parameter by at most the share lr_out of itself. With lr_out ≤ 1 no sign
    ever flips, and a zero never moves.

    Source: Kirtas, Passalis, Tefas, arXiv 2307.07189, Neurocomputing 576:127352 (2024).
    """

    entry: ClassVar[RuleEntry] = RuleEntry(
        "multiplicative",
        "θ ← θ − |θ|·tanh(lr_in·u)·lr_out.",
        (LR_IN, LR_OUT),
        lr_drives=("lr_out",),
    )
    name: ClassVar[str] = entry.name
    step_size: ClassVar[str] = "lr_out"

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """Nothing to remember."""
        return {}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros stay."""
        return False

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        import torch

        return param - param.abs() * torch.tanh(u * hyper["lr_in"]) * hyper["lr_out"]
