"""A look at every operation of torch in a block of code."""

from collections.abc import Callable, Mapping
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While active, hands each operation to `seen` with what it was given and what it made."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise the first operation imports torch's compiler, a second of processor time that
        # every process that trains would spend on nothing.
        return False

    def seen(
        self,
        func: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        made: object,
    ) -> None:
        """Look at an operator, its arguments and what it returned."""
        raise NotImplementedError

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        """Perform the operation and look at it."""
        made = func(*args, **(kwargs or {}))
        self.seen(func, args, kwargs or {}, made)
        return made
