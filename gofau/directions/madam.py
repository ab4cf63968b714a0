"""The direction that the Madam rule is published with."""

from typing import ClassVar, final

import torch
from torch import Tensor

from gofau.directions.base import Direction, bias_correction, decay_towards
from gofau.hyper import Hyper, State


@final
class Madam(Direction):
    """The gradient over the root of the bias-corrected running mean of its squares.

    v = β₂·v + (1 − β₂)·g²;  u = g / √(v/(1 − β₂ᵗ)), and u = 0 while v = 0.

    Source: Bernstein, Zhao, Meister, Liu, Anandkumar, Yue, arXiv 2006.14560.
    """

    name: ClassVar[str] = "madam"

    def state_names(self, hyper: Hyper) -> tuple[str, ...]:
        """The second moment's name; see `Direction.state_names`."""
        return ("exp_avg_sq",)

    def init(self, param: Tensor, hyper: Hyper) -> State:
        """The second moment at zero."""
        return {"exp_avg_sq": torch.zeros_like(param)}

    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """The direction; see `Direction.direct`."""
        second = decay_towards(state["exp_avg_sq"], grad * grad, hyper["beta2"])
        root = (second / bias_correction(hyper["beta2"], step, grad)).sqrt()
        # A NaN gradient makes v NaN, not 0: only a gradient that never was is replaced.
        return torch.where(second == 0, torch.zeros_like(grad), grad / root)
