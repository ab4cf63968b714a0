"""A wrapped optimizer's groups and those of the optimizer inside it, kept alike."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from torch import Tensor
from torch.optim import Optimizer

from gofau import catalog
from gofau.catalog import CatalogError
from gofau.errors import StateError
from gofau.fused.rows import same
from gofau.optim.foreign import is_foreign

Group = Mapping[str, Any]
TENSORS = frozenset({"params", "param_names"})
"""Keys of a group that both sides hold."""
_OURS = frozenset({"direction", "rule", "zero_policy"})


def taken_over(inner: Optimizer) -> list[dict[str, Any]]:
    """Groups for the wrapper: ``inner``'s parameters, their names, and what no default knows.

    The last are notes of others, such as the ``lr_scale`` of layer-wise decay, which schedules
    look for in the group that they drive, and options of the rule for this group.
    """
    return [
        {k: v for k, v in group.items() if k not in inner.defaults and not _is_note_on_lr(k)}
        for group in inner.param_groups
    ]


def _is_note_on_lr(key: str) -> bool:
    """Whether a schedule of ``inner``'s own rate wrote it, which is not the rule's."""
    return key.endswith("_lr")


def resolved(given: Group, defaults: Group, inner: Optimizer, path: str) -> dict[str, Any]:
    """The wrapper's part of a group: the rule with its options, and notes of others.

    Raises:
        CatalogError: an option out of range, one of another rule, or a rate that no rule reads.
    """
    entry = catalog.rules.get(given.get("rule", defaults["rule"]), f"{path}.rule")
    names = [p.name for p in entry.parameters]
    merged = {**defaults, **given}
    kept = _foreign(given, {*inner.defaults, *TENSORS, *_OURS, *names} - {"lr"}, names, path)
    return {
        **kept,
        "direction": defaults["direction"],
        "rule": entry.name,
        "zero_policy": catalog.zero_policy.check(merged["zero_policy"], f"{path}.zero_policy"),
        **entry.resolve({k: v for k, v in merged.items() if k in names}, path),
    }


def _foreign(given: Group, known: set[str], names: list[str], path: str) -> dict[str, Any]:
    rest = {k: v for k, v in given.items() if k not in known and k not in names}
    for name, value in rest.items():
        if not is_foreign(name, {*names, *_OURS}):
            raise CatalogError(f"{path}.{name}", value, f"one of: {', '.join(names)}")
    return rest


def for_inner(given: Group, added: Group, options: Group, inner: Optimizer) -> dict[str, Any]:
    """What of a new group is ``inner``'s own affair: its parameters and its own options."""
    own = inner.defaults.keys() - options.keys() - {"lr"}
    shared = {k: list(v) for k, v in added.items() if k in TENSORS}
    return {**{k: v for k, v in given.items() if k in own}, **shared}


@final
class Pairing:
    """Sees which side's parameters were exchanged since both held the same.

    Libraries that shard a model exchange the parameters of the optimizer that they are given,
    which is the wrapper; ``inner`` then takes them over, as long as it remembers nothing.
    """

    def __init__(self) -> None:
        self._known: list[list[Tensor]] = []

    def add(self, params: Sequence[Tensor]) -> None:
        """Note the parameters of a new group."""
        self._known.append(list(params))

    def settle(self, groups: Sequence[dict[str, Any]], inner: Optimizer) -> None:
        """Make both sides hold the same parameters.

        Raises:
            StateError: a group of ``inner`` that the wrapper lacks, or parameters of ``inner``
                that were exchanged behind its back or after it began to remember.
        """
        if len(groups) != len(inner.param_groups):
            raise StateError(
                f"inner.param_groups: got {len(inner.param_groups)} groups, expected "
                f"{len(groups)}; add groups by the wrapped optimizer's add_param_group"
            )
        pairs = zip(groups, inner.param_groups, strict=True)
        if all(same(ours["params"], theirs["params"]) for ours, theirs in pairs):
            return
        self._hand_over(groups, inner)

    def _hand_over(self, groups: Sequence[dict[str, Any]], inner: Optimizer) -> None:
        for index, (theirs, known) in enumerate(zip(inner.param_groups, self._known, strict=True)):
            if inner.state or not same(theirs["params"], known):
                raise StateError(
                    f"inner.param_groups[{index}].params: got parameters that the wrapped "
                    "optimizer does not hold, expected its own; exchange them in its groups, "
                    "before the first step"
                )
        for ours, theirs in zip(groups, inner.param_groups, strict=True):
            theirs["params"] = list(ours["params"])
        self._known = [list(group["params"]) for group in groups]
