"""State dictionaries across releases."""

from collections.abc import Mapping, Sequence
from typing import Any

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
