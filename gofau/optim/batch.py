"""The unit of work that an implementation of the optimizer step receives."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from gofau.directions.base import Direction
from gofau.hyper import Hyper, State
from gofau.rules.base import UpdateRule


@dataclass(frozen=True)
class Batch:
    """Parameters of one device, dtype, direction, rule and set of hyperparameters.

    ``step`` is the common step number; with ``capturable`` it is one 0-dim tensor a parameter
    instead, since reading it would wait for the device. ``states`` holds what the direction and
    the rule remember, in one dictionary a parameter.
    """

    params: list[Tensor]
    grads: list[Tensor]
    states: list[State]
    step: int | list[Tensor]
    direction: Direction
    rule: UpdateRule
    hyper: Hyper

    def finish(self, states: MutableMapping[Tensor, Any]) -> None:
        """Count the step, and store what the parameters' states did not have before it."""
        torch._foreach_add_([state["step"] for state in self.states], 1)
        for param, state in zip(self.params, self.states, strict=True):
            states.setdefault(param, {}).update(state)

    def rows(self) -> list[list[Tensor]]:
        """Each parameter with its gradient and all tensors of its state."""
        return [
            [param, grad, *(x for k, x in state.items() if isinstance(x, Tensor) and k != "step")]
            for param, grad, state in zip(self.params, self.grads, self.states, strict=True)
        ]


Implementation: TypeAlias = Callable[[Batch], None]
"""Performs one step in place: writes ``params`` and ``states``, never ``grads``."""
