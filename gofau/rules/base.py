"""The interface of an update rule: how far a direction moves a parameter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


class UpdateRule(ABC):
    """Moves a parameter along a direction: θₜ = θₜ₋₁ − ξ(θₜ₋₁, u; hyperparameters).

    Laws, which one contract suite checks on every rule:

    - u = 0 leaves the parameter as it is, to the last bit (within Madam's bound);
    - element by element, given the state that `init` made: a stack of trials ``[K, ...]``
      (``batch_dims=1``) moves as K separate parameters do;
    - every number in ``hyper`` may be a tensor that broadcasts against the parameter, and no
      Python branch reads what such a tensor holds.

    A class of this package declares its catalog entry as ``entry``; a plug-in announces its own.
    """

    name: ClassVar[str]
    step_size: ClassVar[str] = "lr"
    """The rule's own step size by name: it scales decoupled weight decay, and the additive steps
    of zero-initialised tensors where that policy is chosen."""

    @abstractmethod
    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """What the rule remembers of the initial parameter.

        Args:
            param: the initial parameter, ``[...]`` or a stack ``[K, ...]``.
            hyper: this rule's hyperparameters, all of them.
            batch_dims: how many leading axes of ``param`` number separate trials; a reduction
                over a tensor keeps them apart.

        Returns:
            State: tensors that broadcast against the parameter; empty for most rules.
        """

    @abstractmethod
    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Whether an exact zero can leave zero; a tensor when a hyperparameter decides."""

    @abstractmethod
    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter, out of place.

        Args:
            param: the parameter before the step.
            u: the direction, of the parameter's shape.
            state: what `init` returned.
            hyper: this rule's hyperparameters, all of them.

        Returns:
            Tensor: the parameter after the step, of the same shape.
        """
