"""A group's fused step performed again, as long as nothing that it rests on has changed."""

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor

from gofau.directions import direction as direction_of
from gofau.fused import Rows, compose
from gofau.fused.composition import Composition
from gofau.fused.rows import same
from gofau.hyper import Hyper, State
from gofau.optim.batch import Batch
from gofau.optim.batching import hyperparameters
from gofau.optim.zeros import rule_of_parameter

__all__ = ["Replay"]

_SETTINGS = ("direction", "rule", "implementation", "capturable")
"""What decides, beside the tensors, how a group is divided into batches and who serves them."""


@final
class Replay:
    """The batches of a group whose last step kernels performed in place.

    Dividing a group into batches and checking every tensor takes about as long as torch's whole
    step of a small model. `prepare` finds the division that it knows after it has seen that the
    same tensors lie at the same addresses; numbers such as ``lr`` are read anew.
    """

    def __init__(self, group: dict[str, Any], parts: list["_Part"]) -> None:
        self._parts = parts
        self._params = list(group["params"])
        self._settings = _settings(group)
        moved = {place for part in parts for place in part.places}
        self._idle = [i for i in range(len(self._params)) if i not in moved]

    @classmethod
    def of(
        cls, group: dict[str, Any], batches: Sequence[Batch], states: Mapping[Tensor, Any]
    ) -> "Replay | None":
        """What performs these batches of ``group`` again, or ``None`` if it cannot be repeated."""
        places = {id(param): place for place, param in enumerate(group["params"])}
        if len(places) != len(group["params"]):
            return None
        parts = [_part([places[id(p)] for p in b.params], b, states) for b in batches]
        known = [part for part in parts if part is not None]
        return cls(group, known) if known and len(known) == len(batches) else None

    def prepare(self, group: dict[str, Any], states: Mapping[Tensor, Any]) -> bool:
        """Make ready for `run`, or touch nothing and return False where something has changed."""
        if _settings(group) != self._settings or not same(group["params"], self._params):
            return False
        # Modes such as that of fake tensors answer for operators, which kernels go past.
        if torch._C._len_torch_dispatch_stack():
            return False
        grads = [param.grad for param in self._params]
        if any(grads[place] is not None for place in self._idle):
            return False
        hyper = hyperparameters(group, capturable=False)
        return all(part.prepare(group, hyper, states, grads) for part in self._parts)

    def run(self) -> None:
        """Step and count up what `prepare` made ready."""
        for part in self._parts:
            part.run()


@final
class _Part:
    """One batch: its places among the group's parameters, its memory and its counters."""

    def __init__(self, places: list[int], rows: Rows, made: Composition) -> None:
        self.places = places
        self._rows = rows
        self._counters = _Counters(rows.states)
        self._zero_initialised = _zero_initialised(rows.states)
        self._hyper: Hyper = {}
        self._next = (0, made)

    def prepare(
        self,
        group: dict[str, Any],
        hyper: Hyper,
        states: Mapping[Tensor, Any],
        grads: Sequence[Tensor | None],
    ) -> bool:
        """Compose the next step, and see whether the memory that it needs is as it was."""
        if not self._keeps(states) or not self._keeps_rule(group):
            return False
        number = self._counters.next(self._rows.states)
        if number is None:
            return False
        composition = self._compose(group, hyper, number)
        self._next = (number, composition)
        return self._rows.serve([grads[place] for place in self.places], composition)

    def _keeps(self, states: Mapping[Tensor, Any]) -> bool:
        """Whether each parameter still has its state; one batch holds all, as a rule."""
        params, known = self._rows.params, self._rows.states
        if len(states) == len(params) and same(list(states), params):
            return same(list(states.values()), known)
        return same([states.get(param) for param in params], known)

    def _keeps_rule(self, group: dict[str, Any]) -> bool:
        """Whether the policy on zeros, where there is one, has the same parameters as before."""
        if group["zero_policy"] == "leave" and not any(self._zero_initialised):
            return True
        return _zero_initialised(self._rows.states) == self._zero_initialised

    def _compose(self, group: dict[str, Any], hyper: Hyper, number: int) -> Composition:
        """The step's composition: the last one, where it has no number that moves with steps."""
        last = self._next[1]
        if not last.direction.numbers and hyper == self._hyper:
            return last
        self._hyper = hyper
        rule, own = rule_of_parameter(group, self._rows.states[0], hyper)
        return compose(direction_of(group["direction"]), rule, number, own)

    @property
    def counts_apart(self) -> bool:
        """Whether the parameters' counters are as many tensors."""
        return self._counters.apart

    def run(self) -> None:
        """Perform the step that `prepare` composed."""
        number, composition = self._next
        self._rows.run(composition)
        self._counters.write(number)


@final
class _Counters:
    """The step counters of several states, read and written where they are.

    Torch keeps a 0-dim tensor a parameter; adding 1 to each by an operator takes longer than all
    other checks. Their memory is written only after their addresses were compared.
    """

    def __init__(self, states: Sequence[State]) -> None:
        self._tensors = [state["step"] for state in states]
        self._addresses = list(map(Tensor.data_ptr, self._tensors))
        self._cells = [ctypes.c_float.from_address(x) for x in self._addresses]

    @property
    def apart(self) -> bool:
        """Whether every state has a counter of its own."""
        return len(set(self._addresses)) == len(self._addresses)

    def next(self, states: Sequence[State]) -> int | None:
        """The number of the next step, or ``None`` where counters were replaced or differ."""
        now = [state.get("step") for state in states]
        if not same(now, self._tensors) or self._addresses != list(
            map(Tensor.data_ptr, self._tensors)
        ):
            return None
        numbers = {cell.value for cell in self._cells}
        return int(numbers.pop()) + 1 if len(numbers) == 1 else None

    def write(self, number: int) -> None:
        """Set every counter."""
        for cell in self._cells:
            cell.value = number


def _part(places: list[int], batch: Batch, states: Mapping[Tensor, Any]) -> _Part | None:
    known = [states[param] for param in batch.params]
    if not isinstance(batch.step, int) or not all(map(_is_plain_counter, known)):
        return None
    composition = compose(batch.direction, batch.rule, batch.step, batch.hyper)
    rows = Rows.of(batch.params, batch.grads, known, composition)
    part = None if rows is None else _Part(places, rows, composition)
    return part if part is not None and part.counts_apart else None


def _is_plain_counter(state: State) -> bool:
    step = state["step"]
    plain = type(step) is Tensor and step.is_cpu and step.dtype is torch.float32
    return plain and not step.is_inference() and not step.is_neg()


def _zero_initialised(states: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [state.get("zero_initialised") for state in states]


def _settings(group: dict[str, Any]) -> list[Any]:
    # A plain dictionary in a group's place may hold an `lr` that is not the rule's.
    return [type(group), len(group), *(group[name] for name in _SETTINGS)]
