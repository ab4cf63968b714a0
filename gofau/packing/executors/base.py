"""The interface of an executor: how the losses and gradients of a stack are computed."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from gofau.packing.executors.dropout import DropoutMasks
from gofau.packing.executors.scores import Scores, in_measured_form
from gofau.packing.plan.plan import ExecutorName
from gofau.packing.stack.layout import Layout
from gofau.packing.stack.stack import Stack
from gofau.problems import Dataset, Problem

IMAGES = 4
"""Axes of a batch of images, and of a convolution's kernels."""

CHUNK = 512
"""Examples evaluated at once."""


@dataclass(frozen=True)
class Groups:
    """Runs of neighbouring trials that share a stream, hence their examples.

    Args:
        rows: the rows of the stack that each of the G groups covers.
        index: each trial's group, ``[K]``.
    """

    rows: tuple[slice, ...]
    index: Tensor

    @classmethod
    def of(cls, streams: Sequence[object], device: torch.device) -> "Groups":
        """The runs of equal neighbours in ``streams``."""
        starts = [i for i, key in enumerate(streams) if i == 0 or key != streams[i - 1]]
        ends = [*starts[1:], len(streams)]
        rows = tuple(slice(start, end) for start, end in zip(starts, ends, strict=True))
        index = [g for g, row in enumerate(rows) for _ in range(row.start, row.stop)]
        return cls(rows, torch.tensor(index, device=device))

    def per_trial(self, values: Tensor) -> Tensor:
        """``[G, ...]`` values repeated to ``[K, ...]``; a view where there is one group."""
        if len(self.rows) == 1:
            return values.expand(len(self.index), *values.shape[1:])
        return values.index_select(0, self.index)


@dataclass(frozen=True)
class Batch:
    """One step's examples.

    Args:
        x: inputs, ``[G, B, ...]``, one batch per group of trials.
        y: targets, ``[G, B, ...]``.
        groups: which trials each batch is for.
        noise: seeds of the G streams that dropout draws from at this step.
        masks: what dropout drew from them, by buffer name, ``[G, B, ...]``; see `Executor.drawn`.
    """

    x: Tensor
    y: Tensor
    groups: Groups
    noise: tuple[int, ...]
    masks: Mapping[str, Tensor] = field(default_factory=dict)


class Executor(ABC):
    """Computes mean losses and their gradients for K trials at once.

    Laws, which one contract suite checks on every executor:

    - row k of a loss, a gradient or an output depends on trial k's parameters, buffers and
      examples alone, NaN and infinities included;
    - the gradient is that of each trial's own mean loss, whatever K is;
    - results equal those of the serial executor up to rounding.
    """

    name: ClassVar[ExecutorName]
    bitwise: ClassVar[bool] = False
    """Whether, on a CPU, a trial's numbers are the same bit by bit in every stack."""
    casts: ClassVar[bool] = True
    """Whether its forward pass follows `torch.autocast`."""
    channels: ClassVar[bool] = False
    """Whether it can keep the channels of images innermost."""
    cuda_graphs: ClassVar[bool] = True
    """Whether a CUDA graph can record it: it does nothing on the host that matters."""
    compiles: ClassVar[bool] = True
    """Whether it consists of torch's operations, which torch's compiler can fuse."""
    placed: ClassVar[bool] = False
    """Whether its promise to be bitwise rests on libraries, so that it is tried; see `places`."""
    tried: ClassVar[bool] = True
    """Whether it is compared with the serial executor on a few examples before it is taken."""
    pads: ClassVar[bool] = True
    """Whether embeddings leave the row of their padding without a gradient."""
    together: ClassVar[bool] = True
    """Whether trials are measured in one call where torch can vectorise the measure."""
    layout: Layout

    def __init__(self, problem: Problem, module: nn.Module) -> None:
        self.problem = problem
        self.module = module
        self.channels_last = False
        self._masks = DropoutMasks(module)
        self._grads = torch.empty(0)
        self._score = Scores(problem, self.together)

    @staticmethod
    @abstractmethod
    def obstacle(problem: Problem, module: nn.Module, data: Dataset) -> str | None:
        """Why this executor cannot train that module on that problem's ``data``, or ``None``."""

    def prepare(self, dataset: Dataset) -> Dataset:
        """The data set in the form that this executor reads."""
        return dataset

    def compile(self) -> None:  # noqa: B027 - what is written by hand has nothing to compile
        """Let torch's compiler make what autograd differentiates."""

    def forget(self) -> None:
        """Give back the memory that is kept from step to step."""
        self._grads = torch.empty(0)

    def drawn(self, batch: Batch) -> Batch:
        """``batch`` with the dropout masks that `gradients` expects, drawn on the host."""
        masks = self._masks.draw(self.module, batch.x[0], batch.noise)
        return replace(batch, masks=masks) if masks else batch

    @abstractmethod
    def gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """Losses and gradients in training mode.

        Args:
            stack: K trials; buffers such as running statistics are updated in place.
            batch: their examples, from `drawn`.

        Returns:
            tuple: mean losses ``[K]`` and one gradient per block. Both may be overwritten by the
            next call.
        """

    def gradients_by_trial(
        self, stack: Stack, batch: Batch
    ) -> tuple[Tensor, list[list[Tensor]]] | None:
        """As `gradients`, from an executor that makes them trial by trial.

        Gathering a large network's gradients into one block takes as long as a step of it.

        Returns:
            tuple: mean losses ``[K]``, and each trial's gradients in the order of the layout; or
            ``None`` from an executor that makes blocks.
        """
        return None

    def _formed(self, images: Tensor) -> Tensor:
        """Images or a convolution's kernels as they are to lie in memory; others unchanged."""
        if not self.channels_last or images.dim() != IMAGES:
            return images
        return images.contiguous(memory_format=torch.channels_last)

    def _grads_of(self, block: Tensor) -> Tensor:
        """Memory for the gradient of a stack's only block.

        It is kept from step to step: a large buffer that comes fresh costs a page fault a page.
        """
        if self._grads.shape != block.shape:
            self._grads = torch.empty_like(block)
        return self._grads

    @abstractmethod
    def outputs(self, stack: Stack, x: Tensor) -> Tensor:
        """Outputs in evaluation mode, ``[K, N, ...]``, for inputs ``[N, ...]``."""

    def measure(self, stack: Stack, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The problem's validation metrics, ``[K]`` each."""
        return _over_chunks(lambda *rows: self._measure(stack, *rows), x, y)

    def _measure(self, stack: Stack, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        like = stack.blocks[0]
        return self._score(in_measured_form(self.outputs(stack, x), like), y, like)


def changed_from_without(module: nn.Module) -> str | None:
    """Why layers of ``module`` do something else than their types say, or ``None``."""
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    if any(getattr(nn.modules.module, f"_global{kind}") for kind in hooks):
        return "all modules have hooks"
    for part in module.modules():
        if any(getattr(part, kind) for kind in hooks) or "forward" in vars(part):
            return f"a {type(part).__name__} has hooks or another forward pass"
    if len(list(module.named_parameters(remove_duplicate=False))) > len(list(module.parameters())):
        return "its layers share parameters"
    return None


@torch.no_grad()
def _over_chunks(
    score: Callable[[Tensor, Tensor], dict[str, Tensor]], x: Tensor, y: Tensor
) -> dict[str, Tensor]:
    """Means over all examples, from means over chunks of them."""
    totals: dict[str, Tensor] = {}
    for xs, ys in zip(torch.split(x, CHUNK), torch.split(y, CHUNK), strict=True):
        for name, value in score(xs, ys).items():
            share = value * (len(xs) / len(x))
            totals[name] = totals[name] + share if name in totals else share
    return totals
