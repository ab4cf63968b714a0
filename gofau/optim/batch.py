"""The unit of work that an implementation of the optimizer step receives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from gofau.directions.base import Direction
from gofau.hyper import Hyper, State
from gofau.rules.base import UpdateRule


@dataclass(frozen=True)
class Batch:
    """Parameters of one device, dtype, direction, rule and set of hyperparameters.

    ``step`` is the common step number, already counted up; with ``capturable`` it is one 0-dim
    tensor a parameter instead, since reading it would wait for the device. ``states`` holds
    what the direction and the rule remember, in one dictionary a parameter.
    """

    params: list[Tensor]
    grads: list[Tensor]
    states: list[State]
    step: int | list[Tensor]
    direction: Direction
    rule: UpdateRule
    hyper: Hyper


Implementation: TypeAlias = Callable[[Batch], None]
"""Performs one step in place: writes ``params`` and ``states``, never ``grads``."""
