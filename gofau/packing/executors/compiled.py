"""The compiled executor: multilayer perceptrons by a kernel that keeps each trial in the caches."""

from typing import ClassVar, final

import torch
from torch import Tensor, nn

from gofau.errors import UnsupportedError
from gofau.fused.mlp import NetworkKernel
from gofau.packing.executors.base import Batch
from gofau.packing.executors.mlp import MLPExecutor
from gofau.packing.executors.scores import other_than_classes, other_than_written
from gofau.packing.plan.plan import ExecutorName
from gofau.packing.stack.stack import Stack
from gofau.problems import Dataset, Problem

EXAMPLES = 64
"""Examples scored at once: their activations fit into the first cache."""


@final
class CompiledExecutor(MLPExecutor):
    """What `MLPExecutor` computes, by `gofau.fused.mlp.NetworkKernel`.

    A trial's numbers are the same bit by bit in every stack and on any number of threads: the
    kernel computes one trial after the other in memory of its own.
    """

    name: ClassVar[ExecutorName] = "compiled"
    compiles: ClassVar[bool] = False

    def __init__(self, problem: Problem, module: nn.Module) -> None:
        super().__init__(problem, module)
        self._kernel = _kernel(module)

    @staticmethod
    def obstacle(problem: Problem, module: nn.Module, data: Dataset) -> str | None:
        """See `Executor.obstacle`."""
        general = MLPExecutor.obstacle(problem, module, data) or other_than_written(problem)
        if general is not None:
            return general
        like = next(iter(module.parameters()))
        if like.device.type != "cpu":
            return f"its kernel runs on CPUs only, not on {like.device.type}"
        try:
            _kernel(module)
        except UnsupportedError as error:
            return str(error)
        return other_than_classes(data, _layers(module)[-1].out_features)

    @torch.no_grad()
    def gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """See `Executor.gradients`."""
        block = stack.blocks[0]
        grads = self._grads_of(block)
        starts = [*(row.start for row in batch.groups.rows), len(block)]
        losses = self._kernel.train(starts, batch.x, batch.y, block, grads)
        return losses, [grads]

    def _measure(self, stack: Stack, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """`Classification.measure`, a few examples at a time."""
        block = stack.blocks[0]
        losses, hits = block.new_zeros(len(block)), y.new_zeros(len(block))
        for xs, ys in zip(torch.split(x, EXAMPLES), torch.split(y, EXAMPLES), strict=True):
            loss, hit = self._kernel.score(xs, ys, block)
            losses += loss
            hits += hit
        return {"val_loss": losses / len(x), "val_accuracy": hits.to(block.dtype) / len(x)}


def _layers(module: nn.Module) -> list[nn.Linear]:
    return [m for m in module.children() if isinstance(m, nn.Linear)]


def _kernel(module: nn.Module) -> NetworkKernel:
    layers = _layers(module)
    widths = [layers[0].in_features, *(layer.out_features for layer in layers)]
    return NetworkKernel(widths, layers[0].weight.dtype)
