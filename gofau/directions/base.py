"""The interface of a direction: what a base optimizer hands to an update rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, Number, State


class Direction(ABC):
    """Turns gradients into directions u = m·l, element by element.

    Laws, which one contract suite checks on every direction:

    - every element of u depends on that element's own gradients alone, so a stack of trials
      ``[K, ...]`` gives the same u as K separate parameters;
    - every number in ``hyper`` may be a tensor that broadcasts against the parameter, and no
      Python branch reads what such a tensor holds; flags (``bool``) are Python values;
    - `direct` writes into ``state`` only, never into ``grad``; u may share memory with ``state``,
      so callers read it before the next step and do not write into it.

    A class of this package declares its catalog entry as ``entry``; a plug-in announces its own.
    """

    name: ClassVar[str]
    decouples_decay: ClassVar[bool] = False
    """Whether weight decay is always decoupled, as in AdamW; the catalog entry says the same."""

    @abstractmethod
    def state_names(self, hyper: Hyper) -> tuple[str, ...]:
        """The names that `init` gives to its tensors under these flags and numbers."""

    @abstractmethod
    def init(self, param: Tensor, hyper: Hyper) -> State:
        """The state before the first step.

        Args:
            param: the parameter, ``[...]`` or a stack ``[K, ...]``.
            hyper: this direction's hyperparameters, all of them.

        Returns:
            State: tensors of the parameter's shape, device and dtype; may be empty.
        """

    @abstractmethod
    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """The direction u of this step; updates ``state`` in place.

        Args:
            grad: the gradient, of the parameter's shape.
            state: what `init` returned, as the previous steps left it.
            step: the step's number, from 1; a tensor broadcasts against the parameter, for
                stacks whose trials are at different steps.
            hyper: this direction's hyperparameters, all of them.

        Returns:
            Tensor: u, of the parameter's shape.
        """


def decay_towards(mean: Tensor, value: Tensor, beta: Number) -> Tensor:
    """Exponential moving average in place: mean ← β·mean + (1 − β)·value."""
    return mean.mul_(beta).add_(value * (1 - beta))


def exact_step(step: int | Tensor, like: Tensor) -> Number:
    """The step's number in a precision that holds it: at least float32, float64 for float64.

    An integer tensor times a Python float would otherwise round to the default dtype.
    """
    if isinstance(step, int):
        return step
    import torch

    return step.to(torch.promote_types(like.dtype, torch.float32))


def bias_correction(beta: Number, step: int | Tensor, like: Tensor) -> Number:
    """1 − βᵗ, the weight that an average started at zero has gathered after t steps."""
    correction: Number = 1 - beta ** exact_step(step, like)
    return correction
