"""The memory of a fused step, checked once and afterwards only for change."""

from collections.abc import Callable, Sequence
from operator import attrgetter, is_
from typing import Any, TypeAlias, final

from torch import Tensor
from torch.autograd.graph import increment_version

from gofau.fused.composition import Composition
from gofau.fused.layout import walk
from gofau.fused.library import Shared, Table, kernel
from gofau.hyper import State

__all__ = ["Rows", "same"]

Fact: TypeAlias = Callable[[Any], object]
"""Something about a tensor that a kernel relies on."""

_STATE: tuple[Fact, ...] = (attrgetter("dtype"), Tensor.data_ptr, Tensor.numel)
_PARAMETER: tuple[Fact, ...] = (attrgetter("dtype"), Tensor.data_ptr, Tensor.is_neg, Tensor.size)
# Types and layouts come first: what is None, sparse or somebody else's answers no further fact.
_GRADIENT: tuple[Fact, ...] = (
    type,
    attrgetter("layout"),
    attrgetter("is_cpu"),
    attrgetter("dtype"),
    Tensor.is_neg,
    Tensor.numel,  # torch gives a parameter no gradient of another shape
)


@final
class _Facts:
    """What kernels rely on about each of several tensors, to be compared in later steps."""

    def __init__(self, facts: tuple[Fact, ...], tensors: Sequence[Tensor]) -> None:
        contiguous = all(map(Tensor.is_contiguous, tensors))
        order: Fact = Tensor.is_contiguous if contiguous else Tensor.stride
        self._facts: tuple[Fact, ...] = (*facts, order)
        # Equal shapes are one object, which a comparison looks at only once.
        seen: dict[object, object] = {}
        self._known = [
            [seen.setdefault((fact, known), known) for known in map(fact, tensors)]
            for fact in self._facts
        ]

    def hold(self, tensors: Sequence[object]) -> bool:
        """Whether the same is true of these."""
        pairs = zip(self._facts, self._known, strict=True)
        return all(list(map(fact, tensors)) == known for fact, known in pairs)


@final
class _Kept:
    """The tensors under one name of a list of states, and what their addresses rest on."""

    def __init__(self, name: str, states: Sequence[State]) -> None:
        self.name = name
        self.tensors = [state[name] for state in states]
        self._facts = _Facts(_STATE, self.tensors)

    def stay(self, states: Sequence[State]) -> bool:
        """Whether the states still hold these tensors, and these their memory."""
        now = [state.get(self.name) for state in states]
        return same(now, self.tensors) and self._facts.hold(now)


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
        self._kept = [_Kept(name, states) for name in names]
        self._params = _Facts(_PARAMETER, params)
        self._grads = _Facts(_GRADIENT, grads)
        columns = (params, grads, *(kept.tensors for kept in self._kept))
        rows = [list(map(Tensor.data_ptr, row)) for row in zip(*columns, strict=True)]
        counts, element = list(map(Tensor.numel, params)), params[0].element_size()
        self._table = Table(rows, counts, element, len(composition.rule.states))

    @classmethod
    def of(
        cls,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[State],
        composition: Composition,
    ) -> "Rows | None":
        """The rows of a step that `gofau.fused.fused_step` has served.

        ``None`` where copies stood in for tensors, and for tensors of inference mode, which may
        only be written inside of it.
        """
        for param, grad, state in zip(params, grads, states, strict=True):
            tensors = [param, grad, *(state[name] for name in composition.direction.states)]
            if any(map(Tensor.is_inference, tensors)):
                return None
            if not same(walk(tensors, param.dtype).tensors, tensors):
                return None
        return cls(params, grads, states, composition)

    def serve(self, grads: Sequence[Tensor | None], composition: Composition) -> bool:
        """Take up a step's gradients, unless anything but numbers is not as it was."""
        stays = (
            composition.templates == self._templates
            and self._grads.hold(grads)
            and self._params.hold(self.params)
            and all(kept.stay(self.states) for kept in self._kept)
        )
        return stays and self._table.point_grads(
            tuple([grad.data_ptr() for grad in grads if grad is not None])
        )

    def run(self, composition: Composition) -> None:
        """Step all parameters in place, after `serve` took up their gradients."""
        self._table.run(self._kernel, Shared(*composition.numbers))
        increment_version(self.params)


def same(left: Sequence[object], right: Sequence[object]) -> bool:
    """Whether both hold the same objects."""
    return len(left) == len(right) and all(map(is_, left, right))
