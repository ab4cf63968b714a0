"""A view of an optimizer through which torch's schedulers drive any step size."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, final

from torch import Tensor
from torch.optim import Optimizer

from gofau.catalog import CatalogError


class DrivenGroup(MutableMapping[str, Any]):
    """A parameter group in which ``lr`` is the first of the driven names.

    Writing it writes the other names too, each times its ratio to the first. ``initial_lr`` is
    kept in the real group under the driven names, so several schedulers may drive one group.
    """

    def __init__(self, group: dict[str, Any], ratios: Mapping[str, float]) -> None:
        self.group = group
        self.ratios = ratios
        self.real = {"lr": next(iter(ratios)), "initial_lr": "initial_" + "+".join(ratios)}

    def __getitem__(self, key: str) -> Any:
        return self.group[self.real.get(key, key)]

    def __setitem__(self, key: str, value: Any) -> None:
        if key != "lr":
            self.group[self.real.get(key, key)] = value
            return
        for name, ratio in self.ratios.items():
            self.group[name] = value if name == self.real["lr"] else value * ratio

    def __delitem__(self, key: str) -> None:
        del self.group[self.real.get(key, key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.group)

    def __len__(self) -> int:
        return len(self.group)


def ratios(group: Mapping[str, Any], names: tuple[str, ...], path: str) -> dict[str, float]:
    """What each name that the group has is in units of the first of them.

    Raises:
        CatalogError: a group with none of the names, or values without a fixed ratio.
    """
    own = [name for name in names if name in group]
    if not own:
        present = [k for k in ("lr", "lr_in", "lr_out", "gamma") if k in group]
        raise CatalogError(f"{path}.driving", names, f"at least one of: {', '.join(present)}")
    first = group[own[0]]
    if len(own) == 1:
        return {own[0]: 1.0}
    if first == 0 or any(isinstance(group[name], Tensor) for name in own):
        expected = "Python numbers other than 0, to drive several names at a fixed ratio"
        raise CatalogError(f"{path}.{own[0]}", first, expected)
    return {name: float(group[name] / first) for name in own}


def refuse_unknown(groups: Sequence[Mapping[str, Any]], names: tuple[str, ...]) -> None:
    """Raise `CatalogError` for a name that no group has."""
    for name in names:
        if not any(name in group for group in groups):
            raise CatalogError("driving", name, "a number of at least one parameter group")


@final
class Driven(Optimizer):
    """What a scheduler sees of an optimizer; it steps nothing by itself."""

    def __init__(self, optimizer: Optimizer, names: tuple[str, ...]) -> None:
        # Torch's constructor is left out on purpose: this view owns no parameters.
        self.defaults = optimizer.defaults
        self.state = optimizer.state
        self._optimizer = optimizer
        refuse_unknown(optimizer.param_groups, names)
        self._ratios = [
            ratios(group, names, f"param_groups[{i}]")
            for i, group in enumerate(optimizer.param_groups)
        ]
        # A scheduler warns when it steps before its optimizer did; the real step tells it.
        optimizer.register_step_post_hook(self._stepped)

    @property
    def param_groups(self) -> list[Any]:  # type: ignore[override]
        """The driven view of every group that was there at the start.

        The groups are looked up each time, since loading a state replaces them.
        """
        return [
            DrivenGroup(group, ratio)
            for group, ratio in zip(self._optimizer.param_groups, self._ratios, strict=False)
        ]

    def _stepped(self, *_: object) -> None:
        self._opt_called = True

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Refuse: the scheduler drives, the optimizer itself steps."""
        raise TypeError("driving(...) is a view for schedulers; call step() on the optimizer")
