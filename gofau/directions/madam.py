"""The direction that the Madam rule is published with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import DirectionEntry, unit
from gofau.directions.base import Direction, bias_correction, decay_towards

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


@final
class Madam(Direction):
    """The gradient over the root of the bias-corrected running mean of its squares.

    v = β₂·v + (1 − β₂)·g²;  u = g / √(v/(1 − β₂ᵗ)), and u = 0 while v = 0.

    Source: Bernstein, Zhao, Meister, Liu, Anandkumar, Yue, arXiv 2006.14560.
    """

    entry: ClassVar[DirectionEntry] = DirectionEntry(
        "madam",
        "The gradient over the root of the bias-corrected mean of its squares.",
        (unit("beta2", 0.999, "decay of the second moment"),),
        step_size=1e-2,
    )
    name: ClassVar[str] = entry.name

    def state_names(self, hyper: Hyper) -> tuple[str, ...]:
        """The second moment's name; see `Direction.state_names`."""
        return ("exp_avg_sq",)

    def init(self, param: Tensor, hyper: Hyper) -> State:
        """The second moment at zero."""
        import torch

        return {"exp_avg_sq": torch.zeros_like(param)}

    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """The direction; see `Direction.direct`."""
        import torch

        second = decay_towards(state["exp_avg_sq"], grad * grad, hyper["beta2"])
        root = (second / bias_correction(hyper["beta2"], step, grad)).sqrt()
        # A NaN gradient makes v NaN, not 0: only a gradient that never was is replaced.
        return torch.where(second == 0, torch.zeros_like(grad), grad / root)
