"""The directions of Adam and AdamW."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import DirectionEntry, Parameter, positive, unit
from gofau.directions.base import Direction, bias_correction, decay_towards

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


@final
class Adam(Direction):
    """The bias-corrected first moment over the root of the bias-corrected second.

    m = β₁·m + (1 − β₁)·g;  v = β₂·v + (1 − β₂)·g²;
    u = m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε), with the largest v so far when ``amsgrad``.

    Both corrections are part of u, so a rule that bounds u's effect bounds it from step 1.

    Source: Kingma, Ba, arXiv 1412.6980; amsgrad: Reddi, Kale, Kumar, ICLR 2018.
    """

    entry: ClassVar[DirectionEntry] = DirectionEntry(
        "adam",
        "Bias-corrected first moment over the root of the bias-corrected second.",
        (
            unit("beta1", 0.9, "decay of the first moment"),
            unit("beta2", 0.999, "decay of the second moment"),
            positive("eps", 1e-8, "added to the denominator"),
            Parameter("amsgrad", bool, False, "keep the largest second moment"),
        ),
        step_size=1e-3,
    )
    name: ClassVar[str] = entry.name

    def state_names(self, hyper: Hyper) -> tuple[str, ...]:
        """The moments' names; see `Direction.state_names`."""
        return adam_state_names(hyper)

    def init(self, param: Tensor, hyper: Hyper) -> State:
        """Both moments at zero, and the largest second moment when ``amsgrad``."""
        return adam_init(param, hyper)

    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """The direction; see `Direction.direct`."""
        return adam_direct(grad, state, step, hyper)


@final
class AdamW(Direction):
    """Adam's direction, with weight decay that always shrinks the parameter itself.

    Source: Loshchilov, Hutter, arXiv 1711.05101.
    """

    entry: ClassVar[DirectionEntry] = replace(
        Adam.entry,
        name="adamw",
        doc="Adam's direction; weight decay always shrinks the parameter itself.",
        decouples_decay=True,
    )
    name: ClassVar[str] = entry.name
    decouples_decay: ClassVar[bool] = entry.decouples_decay

    def state_names(self, hyper: Hyper) -> tuple[str, ...]:
        """As `Adam.state_names`."""
        return adam_state_names(hyper)

    def init(self, param: Tensor, hyper: Hyper) -> State:
        """As `Adam.init`."""
        return adam_init(param, hyper)

    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """As `Adam.direct`."""
        return adam_direct(grad, state, step, hyper)


def adam_state_names(hyper: Hyper) -> tuple[str, ...]:
    """Both moments, and the largest second moment when ``amsgrad``."""
    largest = ("max_exp_avg_sq",) if hyper["amsgrad"] else ()
    return ("exp_avg", "exp_avg_sq", *largest)


def adam_init(param: Tensor, hyper: Hyper) -> State:
    """Every moment at zero."""
    import torch

    return {name: torch.zeros_like(param) for name in adam_state_names(hyper)}


def adam_direct(grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
    """Adam's u; the equation stands at `Adam`."""
    import torch

    beta1, beta2 = hyper["beta1"], hyper["beta2"]
    first = decay_towards(state["exp_avg"], grad, beta1)
    second = decay_towards(state["exp_avg_sq"], grad * grad, beta2)
    if hyper["amsgrad"]:
        second = state["max_exp_avg_sq"].copy_(torch.maximum(state["max_exp_avg_sq"], second))
    denominator = second.sqrt() / bias_correction(beta2, step, grad) ** 0.5 + hyper["eps"]
    return first / bias_correction(beta1, step, grad) / denominator
