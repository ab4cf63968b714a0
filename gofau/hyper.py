"""The types that directions and rules share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias, Union

if TYPE_CHECKING:
    from torch import Tensor

Number: TypeAlias = Union[float, "Tensor"]
"""A Python number, or a tensor that broadcasts against the parameter."""

Hyper: TypeAlias = Mapping[str, Union[float, bool, "Tensor"]]
"""Hyperparameters by name. Flags are Python bools; every number may be a broadcasting tensor."""

State: TypeAlias = dict[str, "Tensor"]
"""What a direction or a rule remembers about one parameter."""


def is_off(value: Number) -> bool:
    """Whether ``value`` is the Python number 0; a tensor always counts as on.

    Packs hold different values per trial, so nothing may depend on what a tensor contains.
    """
    return isinstance(value, (float, int)) and value == 0
