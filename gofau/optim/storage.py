"""State dictionaries across releases."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gofau.errors import StateError

FORMAT = 1
"""The version of the state dictionary; it grows when a stored key changes its meaning."""


def check_loadable(state_dict: Mapping[str, Any], groups: Sequence[Mapping[str, Any]]) -> None:
    """Raise `StateError` if the stored state is of a newer format or of another kind.

    A state without a format is one that a distributed checkpoint passed through, which keeps
    only ``state`` and ``param_groups``.
    """
    stored = state_dict.get("format", FORMAT)
    if stored > FORMAT:
        raise StateError(
            f"format: got {stored}, expected at most {FORMAT}; update gofau to load it"
        )
    for index, (saved, group) in enumerate(zip(state_dict["param_groups"], groups, strict=False)):
        for key in ("direction", "rule"):
            if saved.get(key) != group[key]:
                raise StateError(
                    f"param_groups[{index}].{key}: got {saved.get(key)!r}, expected "
                    f"{group[key]!r}; build the optimizer as the saved one was, or start afresh"
                )


def restore_counters(states: Mapping[Tensor, Any], groups: Sequence[Mapping[str, Any]]) -> None:
    """Make tensors of step counts that were stored as numbers, as torch's optimizers do."""
    for group in groups:
        for param in group["params"]:
            state = states.get(param, {})
            if isinstance(state.get("step"), int | float):
                device = param.device if group.get("capturable") else torch.device("cpu")
                state["step"] = torch.tensor(state["step"], dtype=torch.float32, device=device)
