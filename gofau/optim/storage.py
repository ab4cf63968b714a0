"""State dictionaries across releases."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from gofau.errors import StateError

FORMAT = 2
"""The version of the state dictionary; it grows when a stored key changes its meaning."""


def load_checked(
    optimizer: Optimizer,
    state_dict: Mapping[str, Any],
    then: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> None:
    """`torch.optim.Optimizer.load_state_dict`, after a check of what the user's pre-hooks made.

    The stored implementation is left out: it belongs to the machine and not to the training.
    ``then`` gets the checked state and returns what of it torch is to load.

    Raises:
        StateError: a newer format, or groups saved with another direction or rule.
    """

    def fitted(_: Optimizer, given: dict[str, Any]) -> dict[str, Any]:
        check_loadable(given, optimizer.param_groups)
        pairs = zip(given["param_groups"], optimizer.param_groups, strict=False)
        groups = [_with_own_implementation(saved, own) for saved, own in pairs]
        rest = given["param_groups"][len(groups) :]
        return then({**given, "param_groups": [*groups, *rest]})

    last = optimizer.register_load_state_dict_pre_hook(fitted)
    try:
        Optimizer.load_state_dict(optimizer, dict(state_dict))
    finally:
        last.remove()


def _with_own_implementation(saved: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"implementation": own["implementation"]} if "implementation" in own else {}
    return {**saved, **kept}


def by_parameter(
    groups: Sequence[MutableMapping[str, Any]], states: Mapping[Tensor, dict[str, Any]]
) -> None:
    """Move what format 1 kept by a parameter's place in its group into the parameter's state."""
    for group in groups:
        places = group.pop("zero_initialised", None)
        if places is None or group.get("zero_policy") != "additive":
            continue
        for place, param in enumerate(group["params"]):
            if param in states:
                states[param].setdefault("zero_initialised", place in places)


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
    """Make tensors of step counts that were stored as numbers, as torch's own optimizers do."""
    for group in groups:
        for param in group["params"]:
            state = states.get(param, {})
            if isinstance(state.get("step"), int | float):
                device = param.device if group.get("capturable") else torch.device("cpu")
                state["step"] = torch.tensor(state["step"], dtype=torch.float32, device=device)
