"""Steps of a stack recorded as a CUDA graph, so that the host launches them all at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from weakref import ref

import torch
from torch import Tensor

from gofau.hyper import State
from gofau.packing.executors import Batch
from gofau.packing.stack.stack import Stack, merge

WARM_UP = 2
"""Steps that run before one is recorded: libraries allocate and choose their kernels in them."""

Advance = Callable[[Stack, Batch, Tensor | None], Tensor]
"""Moves a stack one step and returns its losses before it, ``[K]``."""

Replay = Callable[[], None]


def capture(run: Replay) -> Replay:
    """Record the kernels that ``run`` launches, without running them."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


class CudaGraphSteps:
    """Moves stacks by replays of their step.

    A graph's kernels read and write the addresses they were recorded with. So the inputs of a
    step are copied to where those of the recorded one lay, and a recorded step writes the stack's
    new tensors over the old ones. It lasts as long as the stack it was recorded on.

    Args:
        advance: the step; it computes on the device alone, and draws nothing.
    """

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self.forget()

    def forget(self) -> None:
        """Drop the recorded step, and the memory that it holds."""
        self._stack: Callable[[], Stack | None] = lambda: None
        self._form: object = None
        self._replay: Replay | None = None
        self._inputs: list[Tensor] = []
        self._losses = torch.empty(0)
        self._warm = 0

    def step(self, stack: Stack, batch: Batch, factor: Tensor | None) -> Tensor:
        """As `Advance`; the losses may be overwritten by the next step."""
        form = _form(batch, factor)
        if self._stack() is not stack or self._form != form:
            self.forget()
            self._stack, self._form = ref(stack), form
        if self._replay is None:
            if self._warm < WARM_UP:
                self._warm += 1
                return self._advance(stack, batch, factor)
            self._replay = self._graph(stack, batch, factor)
        for fixed, given in zip(self._inputs, _inputs(batch, factor), strict=True):
            fixed.copy_(given)
        self._replay()
        return self._losses

    def _graph(self, stack: Stack, batch: Batch, factor: Tensor | None) -> Replay:
        self._inputs = [tensor.clone() for tensor in _inputs(batch, factor)]
        self._losses = torch.empty_like(stack.step)
        x, y, *rest = self._inputs
        masks = dict(zip(batch.masks, rest, strict=False))
        fixed = replace(batch, x=x, y=y, masks=masks)
        own = None if factor is None else rest[-1]
        losses = self._losses

        def run() -> None:
            moved = merge([stack], lambda tensors: tensors[0])
            losses.copy_(self._advance(moved, fixed, own))
            for old, new in zip(_tensors(stack), _tensors(moved), strict=True):
                if new is not old:
                    old.copy_(new)

        return capture(run)


def _inputs(batch: Batch, factor: Tensor | None) -> list[Tensor]:
    given = [batch.x, batch.y, *batch.masks.values()]
    return given if factor is None else [*given, factor]


def _form(batch: Batch, factor: Tensor | None) -> object:
    """What must be the same for a recorded step to serve another batch."""
    shapes = [tuple(tensor.shape) for tensor in _inputs(batch, factor)]
    return shapes, list(batch.masks), batch.groups.rows


def _tensors(stack: Stack) -> Iterator[Tensor]:
    """What a step may change."""
    states: list[State] = [*stack.direction, *stack.rule]
    changing: list[Mapping[str, Tensor]] = [stack.buffers, *states]
    yield stack.step
    yield from stack.blocks
    for named in changing:
        yield from named.values()
