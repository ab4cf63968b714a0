"""A view of an optimizer through which torch's schedulers drive any step size."""

import weakref
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, final

from torch import Tensor
from torch.optim import Optimizer

from gofau.catalog import CatalogError


class DrivenGroup(MutableMapping[str, Any]):
    """A parameter group in which ``lr`` is the first of the driven names.

    Writing it writes the other names too, each times its ratio to the first. What schedulers keep
    beside it (``initial_lr``, ``max_lr`` and the like) stands in the real group under the driven
    names, so several schedulers may drive one group.
    """

    def __init__(self, group: dict[str, Any], names: tuple[str, ...]) -> None:
        self.group = group
        self.names = names

    def _real(self, key: str) -> str:
        if key == "lr":
            return self.names[0]
        return key.removesuffix("lr") + "+".join(self.names) if key.endswith("_lr") else key

    def __getitem__(self, key: str) -> Any:
        return self.group[self._real(key)]

    def __setitem__(self, key: str, value: Any) -> None:
        self.group[self._real(key)] = value
        if key == "lr":
            for name in self.names[1:]:
                self.group[name] = value * self.group[ratio_key(name, self.names[0])]

    def __delitem__(self, key: str) -> None:
        del self.group[self._real(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.group)

    def __len__(self) -> int:
        return len(self.group)


def ratio_key(name: str, first: str) -> str:
    """Where a group keeps a driven name in units of the first one: in its state too."""
    return f"{name}/{first}"


def driven_names(group: Mapping[str, Any], names: tuple[str, ...], path: str) -> tuple[str, ...]:
    """The names that the group has.

    Raises:
        CatalogError: it has none of them.
    """
    own = tuple(name for name in names if name in group)
    if not own:
        present = [k for k in ("lr", "lr_in", "lr_out", "gamma") if k in group]
        raise CatalogError(f"{path}.driving", names, f"at least one of: {', '.join(present)}")
    return own


def learn_ratios(group: dict[str, Any], names: tuple[str, ...], path: str) -> None:
    """Write the ratio of each driven name to the first into the group.

    Where a schedule has brought the first to 0, the ratio stays what it was, or is that of the
    step sizes that the group was built with.

    Raises:
        CatalogError: values without a fixed ratio.
    """
    first = names[0]
    built = getattr(group, "built", {})
    for name in names[1:]:
        key = ratio_key(name, first)
        if isinstance(group[first], Tensor) or isinstance(group[name], Tensor):
            expected = "Python numbers, to drive several names at a fixed ratio"
            raise CatalogError(f"{path}.{first}", group[first], expected)
        if group[first] != 0:
            group[key] = float(group[name] / group[first])
        elif key not in group:
            if first not in built or name not in built:
                expected = "a number other than 0, to drive several names at a fixed ratio"
                raise CatalogError(f"{path}.{first}", group[first], expected)
            group[key] = float(built[name] / built[first])


def refuse_unknown(groups: Sequence[Mapping[str, Any]], names: tuple[str, ...]) -> None:
    """Raise `CatalogError` for a name that no group has."""
    for name in names:
        if not any(name in group for group in groups):
            raise CatalogError("driving", name, "a number of at least one parameter group")


@final
class Driven(Optimizer):
    """An optimizer as a scheduler sees it: the same one, with another ``lr``.

    All but ``param_groups`` is the optimizer's own: a step through the view is its step, and the
    view equals it, so that code which looks for a scheduler's optimizer finds it. Views of one
    optimizer that drive other names differ.
    """

    def __init__(self, optimizer: Optimizer, names: tuple[str, ...]) -> None:
        # Torch's constructor is left out on purpose: this view owns no parameters.
        refuse_unknown(optimizer.param_groups, names)
        for index, group in enumerate(optimizer.param_groups):
            path = f"param_groups[{index}]"
            learn_ratios(group, driven_names(group, names, path), path)
        self._attach(optimizer, names)

    def _attach(self, optimizer: Optimizer, names: tuple[str, ...]) -> None:
        self._optimizer = optimizer
        self._names = names
        self._opt_called = False
        view = weakref.ref(self)

        # A scheduler warns when it steps before its optimizer did; the real step tells it.
        def stepped(*_: object) -> None:
            found = view()
            if found is not None:
                found._opt_called = True

        optimizer.register_step_post_hook(stepped)

    def __getattr__(self, name: str) -> Any:
        if name == "_optimizer":  # not there yet: a copy is being made
            raise AttributeError(name)
        return getattr(self._optimizer, name)

    @property
    def param_groups(self) -> list[Any]:  # type: ignore[override]
        """The driven view of every group.

        They are looked up each time, since loading a state replaces them; their ratios are those
        of the loaded state.
        """
        return [self._group(i, g) for i, g in enumerate(self._optimizer.param_groups)]

    def _group(self, index: int, group: dict[str, Any]) -> DrivenGroup:
        path = f"param_groups[{index}]"
        own = driven_names(group, self._names, path)
        if any(ratio_key(name, own[0]) not in group for name in own[1:]):
            learn_ratios(group, own, path)
        return DrivenGroup(group, own)

    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Perform the optimizer's step."""
        return self._optimizer.step() if closure is None else self._optimizer.step(closure)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset the optimizer's gradients."""
        self._optimizer.zero_grad(set_to_none)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group to the optimizer."""
        self._optimizer.add_param_group(param_group)

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's."""
        return self._optimizer.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load the optimizer's state."""
        self._optimizer.load_state_dict(dict(state_dict))

    def __eq__(self, other: object) -> bool:
        # Torch puts schedulers of equal optimizers in a row, and resets the rate of one for all.
        if isinstance(other, Driven):
            return self._optimizer == other._optimizer and self._names == other._names
        return self._optimizer == other

    def __hash__(self) -> int:
        return hash(self._optimizer)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "optimizer": self._optimizer,
            "names": self._names,
            "opt_called": self._opt_called,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._attach(state["optimizer"], state["names"])
        self._opt_called = state["opt_called"]


# Torch would wrap the view's step in the hooks that the optimizer's own step runs already.
Driven.step.hooked = True  # type: ignore[attr-defined]
