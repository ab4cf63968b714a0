"""The one state of a wrapped optimizer and its inner one, as it is stored and loaded."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

__all__ = ["OWN", "is_own", "load_inner", "without_params"]

OWN = "rule."
"""How the names begin of what a rule remembers, beside the inner optimizer's entries."""


def is_own(key: object) -> bool:
    """Whether an entry of a state is the rule's and not the inner optimizer's."""
    return key == "zero_initialised" or (isinstance(key, str) and key.startswith(OWN))


def without_params(group: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a group."""
    return {k: v for k, v in group.items() if k != "params"}


def load_inner(
    groups: Sequence[Mapping[str, Any]], inner: Optimizer, given: dict[str, Any]
) -> dict[str, Any]:
    """Load the inner optimizer's part of a checked state, and the rule's entries beside it.

    Args:
        groups: the wrapper's.
        inner: loads by its own ``load_state_dict``, which refuses what does not fit.
        given: the whole stored state.

    Returns:
        dict: what is left for the wrapper itself: its groups.
    """
    if "inner" in given:
        given = _from_format_1(given)
    saved, states = given["param_groups"], given["state"]
    theirs = {i: {k: v for k, v in s.items() if not is_own(k)} for i, s in states.items()}
    inner.load_state_dict({"state": theirs, "param_groups": _inner_groups(saved, inner)})
    ids = [i for group in saved for i in group["params"]]
    params = [param for group in groups for param in group["params"]]
    for i, param in zip(ids, params, strict=True):
        own = {k: _like(param, v) for k, v in states.get(i, {}).items() if is_own(k)}
        # A flattened checkpoint gives an empty dictionary for what it does not have.
        kept = {k: v for k, v in own.items() if not isinstance(v, dict)}
        if kept:
            inner.state[param].update(kept)
    rest = [{k: v for k, v in group.items() if k != "inner"} for group in saved]
    return {**given, "state": {}, "param_groups": rest}


def _inner_groups(saved: Sequence[Mapping[str, Any]], inner: Optimizer) -> list[dict[str, Any]]:
    """The inner optimizer's stored groups; what a flattened checkpoint left out stays as it is."""
    known: list[Mapping[str, Any]] = list(inner.param_groups[: len(saved)])
    nothing: Mapping[str, Any] = {}
    return [
        {**group.get("inner", without_params(own)), "params": group["params"]}
        for group, own in zip_longest(saved, known, fillvalue=nothing)
    ]


def _like(param: Tensor, value: Any) -> Any:
    return value.to(param.device, param.dtype) if isinstance(value, Tensor) else value


def _from_format_1(given: Mapping[str, Any]) -> dict[str, Any]:
    """A state that kept the inner one's as a whole, and zeros by their place in a group."""
    groups = [dict(group) for group in given["param_groups"]]
    states: dict[Any, dict[str, Any]] = {i: dict(s) for i, s in given["inner"]["state"].items()}
    for group, inner in zip(groups, given["inner"]["param_groups"], strict=True):
        zeros: Sequence[int] = group.pop("zero_initialised", ())
        group["inner"] = without_params(inner)
        for place, i in enumerate(group["params"]):
            if i not in given["state"]:
                continue
            kept = {OWN + k: v for k, v in given["state"][i].items() if k != "step"}
            if group["zero_policy"] == "additive":
                kept["zero_initialised"] = place in zeros
            states.setdefault(i, {}).update(kept)
    rest = {k: v for k, v in given.items() if k != "inner"}
    return {**rest, "state": states, "param_groups": groups}
