"""Optimizer steps of a stack by compiled kernels: each row once through memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gofau import catalog
from gofau.catalog import Scalar
from gofau.directions import Direction
from gofau.errors import UnsupportedError
from gofau.fused.composition import DIRECTIONS, RULES, Part, decay_part
from gofau.fused.library import ELEMENTS, Kernel, kernel, run_rows
from gofau.hyper import Hyper, is_off
from gofau.packing.stack.running import RunningTrials
from gofau.packing.stack.stack import Stack
from gofau.rules import UpdateRule

DIRECTION, RULE, DECAY = slice(0, 8), slice(8, 12), slice(12, 13)
"""Where the numbers of each part stand in a row of 13."""

PIECES = (1, 37, 130, 64, 7, 300, 20)
"""Elements of the pieces in which a kernel is tried; whole, they are more than its longest tile."""

PLACE_MATTERS = "an element's place in a row decides how this machine's kernel rounds it"

Row: TypeAlias = Mapping[str, float | bool]
"""One trial's hyperparameters as Python numbers."""

Grads: TypeAlias = Sequence[Tensor] | Sequence[Sequence[Tensor]]
"""A block's gradient as its only element, else each trial's gradients of the parameters in it."""


class FusedRows:
    """A direction and a rule as one kernel over the rows of a single block ``[K, P]``.

    A row's numbers depend on its own trial alone, and the kernel computes every row by itself, so
    a trial's parameters are the same bit by bit in every stack.

    Raises:
        UnsupportedError: the kernels do not serve this direction, rule, device or dtype, or there
            is no compiler.
    """

    def __init__(
        self, direction: Direction, rule: UpdateRule, like: Tensor, shared: Hyper, row: Row
    ) -> None:
        """Build the kernel.

        Args:
            direction: which way.
            rule: how far.
            like: a tensor of the stack's dtype and device.
            shared: hyperparameters of the whole plan, in which a switched-off number is 0.
            row: any one trial's hyperparameters.
        """
        if like.device.type != "cpu" or like.dtype not in ELEMENTS:
            raise UnsupportedError(f"no fused kernel serves {like.dtype} on {like.device}")
        if type(direction) not in DIRECTIONS or type(rule) not in RULES:
            raise UnsupportedError(f"no fused kernel of {direction.name} with {rule.name}")
        self._direction = direction
        self._rule = rule
        self._states = direction.state_names(shared)
        self._decays = not is_off(shared.get("weight_decay", 0.0))
        self._names = [
            p.name for p in catalog.directions.get(direction.name, "direction").parameters
        ]
        self._driven = catalog.rules.get(rule.name, "rule").lr_drives
        decay, way, far = self._decay(row), self._way(row, 1), self._far(row)
        if far.states:
            raise UnsupportedError(f"the rule {rule.name} keeps numbers per tensor, not per row")
        templates = (decay.template, way.template, far.template)
        self._kernel: Kernel = kernel(*templates, like.dtype)
        numbers = np.zeros((1, 13))
        self._set(numbers[0], row)
        numbers[0, DIRECTION][: len(way.numbers)] = way.numbers
        if not is_steady(self._kernel, len(self._states), like, numbers):
            raise UnsupportedError(PLACE_MATTERS)

    def begin(self, running: RunningTrials) -> "FusedPass":
        """What the steps of one epoch of ``running`` share."""
        rows = [plain(progress.hyper) for progress in running.progress]
        table = np.zeros((len(rows), 13))
        for k, row in enumerate(rows):
            self._set(table[k], row)
        return FusedPass(rows, table, _kinds(running, rows, self._names))

    def step(
        self, stack: Stack, grads: Grads, shared: "FusedPass", done: int, factor: Tensor | None
    ) -> None:
        """Move the block in place.

        Args:
            stack: the trials; its only block and the direction's states are written.
            grads: the block's gradient, whole or by trial and parameter.
            shared: from `begin`.
            done: steps since then.
            factor: this step's learning-rate factors ``[K]``, or ``None`` for 1.
        """
        for kind in shared.kinds:
            part = self._way(kind.row, kind.done + done + 1)
            shared.numbers[kind.members, : len(part.numbers)] = part.numbers
        if factor is not None:
            for k, scale in enumerate(factor.tolist()):
                row = shared.rows[k]
                scaled = {name: row[name] * scale for name in self._driven}
                self._set(shared.numbers[k], {**row, **scaled})
        block, whole = stack.blocks[0], grads[0]
        states = [stack.direction[0][name] for name in self._states]
        if isinstance(whole, Tensor):
            counts = np.full(len(block), block.shape[1])
            run_rows(self._kernel, _addresses((block, whole, *states)), counts, shared.numbers)
            return
        rows = [[grad.contiguous() for grad in row] for row in grads]
        pieces = np.array([grad.numel() for grad in rows[0]])
        table = _split(_addresses((block, *states)), pieces, block)
        table = np.insert(table, 1, [grad.data_ptr() for row in rows for grad in row], axis=1)
        numbers = shared.numbers.repeat(len(pieces), axis=0)
        run_rows(self._kernel, table, np.tile(pieces, len(rows)), numbers)

    def _set(self, numbers: NDArray[np.float64], row: Row) -> None:
        for where, part in ((RULE, self._far(row)), (DECAY, self._decay(row))):
            numbers[where][: len(part.numbers)] = part.numbers

    def _way(self, row: Row, step: int) -> Part:
        return DIRECTIONS[type(self._direction)](self._states, step, row)

    def _far(self, row: Row) -> Part:
        return RULES[type(self._rule)](row)

    def _decay(self, row: Row) -> Part:
        """The decay, of one template for all rows: switched off by its neutral number."""
        if row.get("weight_decay", 0.0) or not self._decays:
            return decay_part(self._direction, self._rule, row)
        part = decay_part(self._direction, self._rule, {**row, "weight_decay": 1.0})
        neutral = 1.0 if part.template.startswith("Decoupled") else 0.0
        return Part(part.template, part.states, (neutral,))


@dataclass(frozen=True)
class Kind:
    """Rows whose numbers of the direction are equal: hyperparameters, steps done, members."""

    row: Row
    done: int
    members: list[int]


@dataclass(frozen=True)
class FusedPass:
    """An epoch's rows, their numbers ``[K, 13]``, and which of them share the direction's."""

    rows: list[Row]
    numbers: NDArray[np.float64]
    kinds: list[Kind]


def _kinds(running: RunningTrials, rows: Sequence[Row], names: Sequence[str]) -> list[Kind]:
    kinds: dict[tuple[object, ...], Kind] = {}
    for k, (progress, row) in enumerate(zip(running.progress, rows, strict=True)):
        key = (progress.steps, *(row[name] for name in names))
        kinds.setdefault(key, Kind(row, progress.steps, [])).members.append(k)
    return list(kinds.values())


def is_steady(kernel: Kernel, states: int, like: Tensor, numbers: NDArray[np.float64]) -> bool:
    """Whether a kernel steps an element alike wherever it stands in a row, and the row in memory.

    A compiler may contract products and sums otherwise in a loop's vectors than in what is left of
    it. So a row is stepped whole and in uneven pieces.

    Args:
        kernel: that steps it.
        states: how many tensors the direction keeps.
        like: of its dtype.
        numbers: those of the step, ``[1, 13]``.
    """
    draw = torch.Generator().manual_seed(0)
    size = sum(PIECES)
    drawn = [torch.randn(size, generator=draw).to(like.dtype) for _ in range(2)]
    kept = [torch.rand(size, generator=draw).to(like.dtype) for _ in range(states)]
    whole, cut = ([tensor.clone() for tensor in (*drawn, *kept)] for _ in range(2))
    for tensors, pieces in ((whole, np.array([size])), (cut, np.array(PIECES))):
        table = _split(_addresses([tensor[None] for tensor in tensors]), pieces, whole[0][None])
        run_rows(kernel, table, pieces, numbers.repeat(len(pieces), axis=0))
    return all(torch.equal(one, other) for one, other in zip(whole, cut, strict=True))


def plain(hyper: Mapping[str, Scalar]) -> Row:
    """The hyperparameters that are numbers or flags."""
    return {name: value for name, value in hyper.items() if not isinstance(value, str)}


def _addresses(tensors: Sequence[Tensor]) -> NDArray[np.int64]:
    """Where each row of ``[K, P]`` tensors starts, ``[K, len(tensors)]``."""
    size = len(tensors[0])
    table = np.empty((size, len(tensors)), np.int64)
    for column, tensor in enumerate(tensors):
        if not tensor.is_contiguous() or tensor.shape != tensors[0].shape:
            got = f"{tuple(tensor.shape)} with strides {tensor.stride()}"
            expected = f"{tuple(tensors[0].shape)}, contiguous"
            raise RuntimeError(f"tensor {column} of a fused step: got {got}, expected {expected}")
        stride = tensor.stride(0) * tensor.element_size()
        table[:, column] = tensor.data_ptr() + np.arange(size) * stride
    return table


def _split(table: NDArray[np.int64], counts: NDArray[np.int64], block: Tensor) -> NDArray[np.int64]:
    """Where each piece of each row starts, ``[K · pieces, width]``, from where the rows start."""
    if counts.sum() != block.shape[1]:
        expected = f"the {block.shape[1]} of its parameters"
        raise RuntimeError(f"a trial's gradients: got {counts.sum()} elements, expected {expected}")
    starts = (counts.cumsum() - counts) * block.element_size()
    return (table[:, None, :] + starts[:, None]).reshape(-1, table.shape[1])
