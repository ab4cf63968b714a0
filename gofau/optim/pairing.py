"""A wrapped optimizer's groups and those of the optimizer inside it, kept alike."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from torch import Tensor
from torch.optim import Optimizer

from gofau.fused.rows import same

Group = Mapping[str, Any]


def for_inner(given: Group, added: Group, names: set[str], inner: Optimizer) -> dict[str, Any]:
    """What of a new group is ``inner``'s own affair: its parameters and its own options.

    Args:
        given: the group as the user gave it.
        added: the same with its parameters in a list, and their names in another.
        names: the options of the rule; ``lr`` is always one of them.
        inner: the optimizer that lacks the group.
    """
    options = {k: v for k, v in given.items() if k in inner.defaults and k not in {*names, "lr"}}
    shared = {k: list(added[k]) for k in ("params", "param_names") if k in added}
    return {**options, **shared}


@final
class Pairing:
    """Hands parameters that were exchanged in the wrapper's groups over to ``inner``.

    Libraries that shard a model exchange the parameters of the optimizer that they are given, which
    is the wrapper. ``inner`` takes them over as long as it holds what it was built with and
    remembers nothing; otherwise both sides stay as they are, for the step to refuse.
    """

    def __init__(self) -> None:
        self._known: list[list[Tensor]] = []

    def add(self, params: Sequence[Tensor]) -> None:
        """Note the parameters of a new group."""
        self._known.append(list(params))

    def settle(self, groups: Sequence[dict[str, Any]], inner: Optimizer) -> None:
        """Let ``inner`` hold what ``groups`` hold, if only these were exchanged."""
        theirs = [group["params"] for group in inner.param_groups]
        if inner.state or len(theirs) != len(groups) or not self._holds(theirs):
            return
        if self._holds([group["params"] for group in groups]):
            return
        for ours, group in zip(groups, inner.param_groups, strict=True):
            group["params"] = list(ours["params"])
        self._known = [list(group["params"]) for group in groups]

    def _holds(self, params: Sequence[Sequence[Tensor]]) -> bool:
        pairs = zip(params, self._known, strict=True)
        return all(same(now, known) for now, known in pairs)
