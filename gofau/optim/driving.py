"""A view of an optimizer through which torch's schedulers drive any step size."""

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, final

from torch import Tensor
from torch.optim import Optimizer

from gofau.catalog import CatalogError


class DrivenGroup(MutableMapping[str, Any]):
    """A parameter group in which ``lr`` is the first of the driven names.

    Writing it scales the other names by the same factor. ``initial_lr`` is kept in the real
    group under the driven names, so several schedulers may drive one group.
    """

    def __init__(self, group: dict[str, Any], names: tuple[str, ...], path: str) -> None:
        self.group = group
        self.names = names
        self.initial = "initial_" + "+".join(names)
        for name in names:
            if name not in group:
                present = [k for k in ("lr", "lr_in", "lr_out", "gamma") if k in group]
                raise CatalogError(f"{path}.driving", name, f"one of: {', '.join(present)}")
        self.ratios = [self._ratio(name, path) for name in names[1:]]

    def _ratio(self, name: str, path: str) -> float:
        first, value = self.group[self.names[0]], self.group[name]
        if isinstance(first, Tensor) or isinstance(value, Tensor) or first == 0:
            expected = "Python numbers other than 0, to drive several names at a fixed ratio"
            raise CatalogError(f"{path}.{self.names[0]}", first, expected)
        return float(value / first)

    def _real(self, key: str) -> str:
        return {"lr": self.names[0], "initial_lr": self.initial}.get(key, key)

    def __getitem__(self, key: str) -> Any:
        return self.group[self._real(key)]

    def __setitem__(self, key: str, value: Any) -> None:
        self.group[self._real(key)] = value
        if key == "lr":
            for name, ratio in zip(self.names[1:], self.ratios, strict=True):
                self.group[name] = value * ratio

    def __delitem__(self, key: str) -> None:
        del self.group[self._real(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.group)

    def __len__(self) -> int:
        return len(self.group)


@final
class Driven(Optimizer):
    """What a scheduler sees of an optimizer; it steps nothing by itself."""

    def __init__(self, optimizer: Optimizer, names: tuple[str, ...]) -> None:
        if not names:
            raise CatalogError("driving", names, "at least one name of a step size")
        # Torch's constructor is left out on purpose: this view owns no parameters.
        self.defaults = optimizer.defaults
        self.state = optimizer.state
        self._optimizer = optimizer
        self._views = [
            DrivenGroup(group, names, f"param_groups[{i}]")
            for i, group in enumerate(optimizer.param_groups)
        ]
        # A scheduler warns when it steps before its optimizer did; the real step tells it.
        optimizer.register_step_post_hook(self._stepped)

    @property
    def param_groups(self) -> list[Any]:  # type: ignore[override]
        """The driven view of every group."""
        return self._views

    def _stepped(self, *_: object) -> None:
        self._opt_called = True

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Refuse: the scheduler drives, the optimizer itself steps."""
        raise TypeError("driving(...) is a view for schedulers; call step() on the optimizer")
