"""What an optimizer adds to its parameters, without the rounding of their sum."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gofau.optim.memory import share_memory

__all__ = ["Displacements"]

_PLAIN = (Tensor, torch.nn.Parameter)
_ADDING = frozenset({"add_", "sub_", "addcdiv_", "addcmul_"})
"""Operators θ ← θ + x: the displacement takes the same x."""
_SCALING = "mul_"
"""θ ← s·θ, as decoupled weight decay shrinks: the displacement becomes s·δ + (s − 1)·θ₀."""


@final
class Displacements(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows a step of an optimizer: δ = θ − θ₀ of each parameter, summed apart from θ.

    A difference θ₀ − θ taken after the step has lost what is small beside θ. While this mode is
    active, what an operator adds to a parameter is added to a displacement too, which began at
    zero. The parameter itself moves as always, so that the optimizer reads what it expects.
    Operators of other kinds leave the plain difference.

    Source of the idea: the error-free sums of Kahan (1965), with the running sum θ kept as it is.

    Args:
        params: all that the optimizer owns.
        exact: whether every operator on parameters is torch's own, and so seen here. Otherwise
            the displacement is compared with the plain difference, and gives way to it wherever
            they differ by more than rounding.
    """

    def __init__(self, params: Sequence[Tensor], *, exact: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._params = list(params)
        self._exact = exact
        self._by_id = {id(param): param for param in self._params}
        self._by_place = {place: p for p in self._params if (place := _place(p)) is not None}
        self._starts: dict[Tensor, Tensor] = {}
        self._moves: dict[Tensor, Tensor] = {}
        self._operators = 1
        self.taken_back = False
        self._begin_those_with_gradients()

    @torch.no_grad()
    def _begin_those_with_gradients(self) -> None:
        for param in self._params:
            if param.grad is not None:
                self._begin(param)

    def _begin(self, param: Tensor) -> None:
        if param not in self._starts:
            self._starts[param] = param.detach().clone()

    def around(self, closure: Callable[[], Any]) -> Callable[[], Any]:
        """The closure as the optimizer calls it: unseen, and followed by a look at gradients."""

        def evaluated() -> Any:
            self.__exit__(None, None, None)  # type: ignore[no-untyped-call]
            try:
                return closure()
            finally:
                self._begin_those_with_gradients()
                self.__enter__()  # type: ignore[no-untyped-call]

        return evaluated

    def start(self, param: Tensor) -> Tensor | None:
        """The parameter before the step, or ``None`` if it took no part."""
        return self._starts.get(param)

    def of(self, param: Tensor) -> Tensor:
        """The displacement δ of a parameter that has a start."""
        start = self._starts[param]
        move = self._moves.get(param)
        move = torch.zeros_like(start) if move is None else move
        if self._exact:
            return move
        plain = param.detach() - start
        size = torch.maximum(param.detach().abs(), start.abs())
        rounding = size * (4 * self._operators * torch.finfo(start.dtype).eps)
        return torch.where((plain - move).abs() <= rounding, move, plain)

    def take_back_shared(self) -> None:
        """Where parameters share memory, go back to before the step: each then adds to the rest."""
        rows = [[param] for param in self._starts if type(param) in _PLAIN]
        if share_memory(rows):
            self._moves = {param: self.of(param) for param in self._starts}
            self._exact = True
            self.restore()
            self.taken_back = True

    @torch.no_grad()
    def restore(self) -> None:
        """Give every parameter the value from before the step."""
        for param, start in self._starts.items():
            param.copy_(start)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Perform the operator, on displacements too where it writes parameters."""
        kwargs = kwargs or {}
        params = [p for x in _written(func, args, kwargs) if (p := self._known(x)) is not None]
        if not params:
            return func(*args, **kwargs)
        self._operators += 1
        for param in params:
            self._begin(param)
        followed = self._follow(func, params, args, kwargs)
        out = func(*args, **kwargs)
        if not followed:
            self._moves.update({p: p.detach() - self._starts[p] for p in params})
        return out

    def _known(self, x: Tensor) -> Tensor | None:
        param = self._by_id.get(id(x))
        place = _place(x) if param is None else None
        return self._by_place.get(place) if place is not None else param

    def _follow(self, func: Any, params: list[Tensor], args: Any, kwargs: Any) -> bool:
        """Do to displacements what ``func`` will do to parameters; false if that is not known."""
        name = func._schema.name.removeprefix("aten::")
        listed = name.startswith("_foreach_")
        name = name.removeprefix("_foreach_")
        targets = len(args[0]) if listed else 1
        if (name not in _ADDING and name != _SCALING) or len(params) != targets:
            return False
        moves = [self._moves.setdefault(p, torch.zeros_like(self._starts[p])) for p in params]
        func(moves if listed else moves[0], *args[1:], **kwargs)
        if name == _SCALING:
            starts = [self._starts[p] for p in params]
            torch._foreach_add_(
                moves, [s * f for s, f in zip(starts, _less_one(args[1]), strict=False)]
            )
        return True


def _less_one(factors: Any) -> Iterator[Any]:
    """s − 1 for every tensor: of a list of factors, or of one for all."""
    if isinstance(factors, list | tuple):
        yield from (factor - 1 for factor in factors)
    else:
        while True:
            yield factors - 1


def _place(x: Tensor) -> tuple[Any, ...] | None:
    """Where a plain tensor lies, by which ``param.data`` is known to be the parameter."""
    if type(x) not in _PLAIN or x.layout is not torch.strided or x.device.type == "meta":
        return None
    return (x.device, x.data_ptr(), x.dtype, tuple(x.shape), x.stride()) if x.numel() else None


@cache
def _writes(func: Any) -> tuple[tuple[int, str], ...]:
    arguments = enumerate(func._schema.arguments)
    return tuple((i, a.name) for i, a in arguments if a.alias_info and a.alias_info.is_write)


def _written(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Tensor]:
    """The tensors that an operator writes."""
    for index, name in _writes(func):
        value = args[index] if index < len(args) else kwargs.get(name)
        yield from (
            x for x in (value if isinstance(value, list | tuple) else [value]) if x is not None
        )
