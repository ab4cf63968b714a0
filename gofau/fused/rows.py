"""The memory of a fused step, checked once and afterwards only for change."""

from collections.abc import Callable, Sequence
from operator import attrgetter, is_
from typing import Any, TypeAlias, final

import numpy as np
from torch import Tensor
from torch.autograd.graph import increment_version

from gofau.fused.composition import Composition
from gofau.fused.layout import walk
from gofau.fused.library import Shared, kernel, run_table
from gofau.hyper import State

__all__ = ["ADDRESS", "Kept", "Rows", "same"]

Fact: TypeAlias = Callable[[Any], object]
"""Something about a tensor that a kernel relies on."""

ADDRESS: tuple[Fact, ...] = (attrgetter("dtype"), Tensor.data_ptr)
_MEMORY: tuple[Fact, ...] = (*ADDRESS, Tensor.size, Tensor.stride)
# Types and layouts come first: what is None, sparse or somebody else's answers no further fact.
_GRADIENT: tuple[Fact, ...] = (
    type,
    attrgetter("layout"),
    attrgetter("is_cpu"),
    attrgetter("dtype"),
    Tensor.size,
    Tensor.stride,
)


@final
class Kept:
    """The tensors under one name of a list of states, and what their addresses rest on."""

    def __init__(self, name: str, states: Sequence[State], facts: tuple[Fact, ...]) -> None:
        self.name = name
        self.tensors = [state[name] for state in states]
        self._facts = facts
        self._known = _learn(facts, self.tensors)

    def stay(self, states: Sequence[State]) -> bool:
        """Whether the states still hold these tensors, and these their memory."""
        now = [state.get(self.name) for state in states]
        return same(now, self.tensors) and _hold(self._facts, now, self._known)


@final
class Rows:
    """The addresses of parameters, gradients and states that a kernel walks where they are.

    Nobody tells an optimizer that a parameter was given other memory or a state was replaced, so
    `serve` compares all that the first check rested on: which tensors the states hold, and each
    one's dtype, shape, strides and address. Gradients may be new ones at every step.
    """

    def __init__(
        self,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[State],
        composition: Composition,
    ) -> None:
        self.params = params
        self.states = states
        self._templates = composition.templates
        self._kernel = kernel(*composition.templates, params[0].dtype)
        names = (*composition.direction.states, *composition.rule.states)
        self._kept = [Kept(name, states, _MEMORY) for name in names]
        self._params = _learn(_MEMORY, params)
        self._grads = _learn(_GRADIENT, grads)
        columns = (params, grads, *(kept.tensors for kept in self._kept))
        self._table = np.array(
            [list(map(Tensor.data_ptr, row)) for row in zip(*columns, strict=True)], np.int64
        )
        self._counts = np.array(list(map(Tensor.numel, params)), np.int64)

    @classmethod
    def of(
        cls,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[State],
        composition: Composition,
    ) -> "Rows | None":
        """The rows of a step that `gofau.fused.fused_step` has served, or ``None`` if by copies."""
        for param, grad, state in zip(params, grads, states, strict=True):
            tensors = [param, grad, *(state[name] for name in composition.direction.states)]
            if not same(walk(tensors, param.dtype).tensors, tensors):
                return None
        return cls(params, grads, states, composition)

    def serve(self, grads: Sequence[Tensor | None], composition: Composition) -> bool:
        """Take up a step's gradients, unless anything but numbers is not as it was."""
        stays = (
            composition.templates == self._templates
            and _hold(_GRADIENT, grads, self._grads)
            and _hold(_MEMORY, self.params, self._params)
            and all(kept.stay(self.states) for kept in self._kept)
        )
        if stays:
            self._table[:, 1] = [grad.data_ptr() for grad in grads if grad is not None]
        return stays

    def run(self, composition: Composition) -> None:
        """Step all parameters in place, after `serve` took up their gradients."""
        run_table(self._kernel, self._table, self._counts, Shared(*composition.numbers))
        increment_version(self.params)


def same(left: Sequence[object], right: Sequence[object]) -> bool:
    """Whether both hold the same objects."""
    return len(left) == len(right) and all(map(is_, left, right))


def _learn(facts: tuple[Fact, ...], tensors: Sequence[Tensor]) -> list[list[object]]:
    return [list(map(fact, tensors)) for fact in facts]


def _hold(
    facts: tuple[Fact, ...], tensors: Sequence[object], known: Sequence[list[object]]
) -> bool:
    return all(list(map(fact, tensors)) == then for fact, then in zip(facts, known, strict=True))
