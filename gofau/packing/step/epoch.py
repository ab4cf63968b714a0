"""The examples that a stack visits in one epoch, batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gofau.packing.executors import Batch, Groups
from gofau.packing.plan.streams import epoch_order, stream, stream_seed
from gofau.packing.stack.alignment import owned, placed
from gofau.packing.stack.running import RunningTrials
from gofau.packing.step.batches import Batches
from gofau.packing.step.fused import FusedPass
from gofau.problems import Dataset, Problem


@dataclass(frozen=True)
class Epoch:
    """One epoch of a stack.

    Args:
        batches: its examples, by step.
        groups: which trials share one.
        streams: (seed, epoch) of each group.
        fused: what the epoch's fused optimizer steps share, if steps are fused.
    """

    batches: Batches
    groups: Groups
    streams: tuple[tuple[int, int], ...]
    fused: FusedPass | None


class Epochs:
    """Plans epochs over a problem's training examples, and makes their batches.

    Args:
        problem: whose examples, names of streams and augmentation.
        data: the examples in the form that the executor reads.
        batch: examples a step.
    """

    def __init__(self, problem: Problem, data: Dataset, batch: int) -> None:
        self._problem = problem
        self._data = data
        self._size = len(data.train_x)
        self._batch = batch
        self.steps = self._size // batch
        """Steps of an epoch."""

    def plan(
        self, running: RunningTrials, fused: FusedPass | None, steps: int | None = None
    ) -> Epoch:
        """The trials' next epoch, or its first ``steps``."""
        streams, device = [p.stream for p in running.progress], self._data.train_x.device
        groups = Groups.of(streams, device)
        heads = tuple(streams[row.start] for row in groups.rows)
        name = self._problem.name
        orders = [epoch_order(name, seed, epoch, self._size) for seed, epoch in heads]
        order = torch.stack(orders)[:, : (steps or self.steps) * self._batch].to(device)
        batches = Batches(self._data.train_x, self._data.train_y, order, self._batch)
        return Epoch(batches, groups, heads, fused)

    def batch(self, epoch: Epoch, step: int) -> Batch:
        """The examples of one step, without dropout masks."""
        x, y = epoch.batches.at(step)
        noise = tuple(
            stream_seed(self._problem.name, *self._place(where, step, "noise"))
            for where in epoch.streams
        )
        given = self._augmented(placed(x), epoch.streams, step)
        return Batch(given, placed(y), epoch.groups, noise)

    def _augmented(self, x: Tensor, streams: Sequence[tuple[int, int]], step: int) -> Tensor:
        """Inputs ``[G, B, ...]``, changed by draws from the stream of each group's seed."""
        change = self._problem.augmentation
        if change is None:
            return x
        name = self._problem.name
        draws = (stream(name, *self._place(where, step, "augment")) for where in streams)
        return torch.stack([change(owned(one), draw) for one, draw in zip(x, draws, strict=True)])

    def _place(self, where: tuple[int, int], step: int, purpose: str) -> tuple[int, str, int]:
        seed, epoch = where
        return seed, purpose, epoch * self.steps + step
