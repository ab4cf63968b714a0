"""The interface of an executor: how the losses and gradients of a stack are computed."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gofau.packing.layout import Layout
from gofau.packing.stack import Stack
from gofau.problems import Dataset, Problem

CHUNK = 512
"""Examples evaluated at once."""


@dataclass(frozen=True)
class Batch:
    """One step's examples; neighbouring trials of one stream share theirs.

    Args:
        x: inputs, ``[G, B, ...]``, one batch per group of trials.
        y: targets, ``[G, B, ...]``.
        counts: how many trials, in the stack's order, belong to each of the G groups.
    """

    x: Tensor
    y: Tensor
    counts: tuple[int, ...]

    def slices(self) -> list[slice]:
        """The rows of the stack that each group covers."""
        ends = torch.tensor(self.counts).cumsum(0).tolist()
        return [slice(end - n, end) for end, n in zip(ends, self.counts, strict=True)]

    def per_trial(self, values: Tensor) -> Tensor:
        """``[G, ...]`` values repeated to ``[K, ...]``; a view where there is one group."""
        if len(self.counts) == 1:
            return values.expand(self.counts[0], *values.shape[1:])
        counts = torch.tensor(self.counts, device=values.device)
        return values.repeat_interleave(counts, dim=0)


class Executor(ABC):
    """Computes mean losses and their gradients for K trials at once.

    Laws, which one contract suite checks on every executor:

    - row k of a loss, a gradient or an output depends on trial k's parameters, buffers and
      examples alone, NaN and infinities included;
    - the gradient is that of each trial's own mean loss, whatever K is;
    - results equal those of the serial executor up to rounding.
    """

    name: ClassVar[str]
    layout: Layout

    def __init__(self, problem: Problem, template: nn.Module) -> None:
        self.problem = problem
        self.template = template

    @staticmethod
    @abstractmethod
    def obstacle(problem: Problem, template: nn.Module) -> str | None:
        """Why this executor cannot train that module on that problem, or ``None``."""

    def prepare(self, dataset: Dataset) -> Dataset:
        """The data set in the form that this executor reads."""
        return dataset

    @abstractmethod
    def gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """Losses and gradients in training mode.

        Args:
            stack: K trials; buffers such as running statistics are updated in place.
            batch: their examples.

        Returns:
            tuple: mean losses ``[K]`` and one gradient per block. Both may be overwritten by the
            next call.
        """

    @abstractmethod
    def outputs(self, stack: Stack, x: Tensor) -> Tensor:
        """Outputs in evaluation mode, ``[K, N, ...]``, for inputs ``[N, ...]``."""

    def losses(self, stack: Stack, x: Tensor, y: Tensor) -> Tensor:
        """Mean losses ``[K]`` in evaluation mode."""
        return self._chunked(stack, x, y, loss_only=True)["loss"]

    def measure(self, stack: Stack, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The problem's validation metrics, ``[K]`` each."""
        return self._chunked(stack, x, y, loss_only=False)

    @torch.no_grad()
    def _chunked(self, stack: Stack, x: Tensor, y: Tensor, loss_only: bool) -> dict[str, Tensor]:
        totals: dict[str, Tensor] = {}
        for xs, ys in zip(torch.split(x, CHUNK), torch.split(y, CHUNK), strict=True):
            score = self._loss if loss_only else self.problem.measure
            values = torch.vmap(score, in_dims=(0, None))(self.outputs(stack, xs), ys)
            for name, value in values.items():
                share = value * (len(xs) / len(x))
                totals[name] = totals[name] + share if name in totals else share
        return totals

    def _loss(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        return {"loss": self.problem.loss(output, target)}


def group_counts(streams: Sequence[object]) -> tuple[int, ...]:
    """Lengths of the runs of equal neighbours."""
    counts: list[int] = []
    for i, key in enumerate(streams):
        if i and key == streams[i - 1]:
            counts[-1] += 1
        else:
            counts.append(1)
    return tuple(counts)
