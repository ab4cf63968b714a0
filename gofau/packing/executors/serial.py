"""The serial executor: one trial after the other through the plain module."""

from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gofau.packing.executors.base import Batch, Executor
from gofau.packing.layout import FlatLayout
from gofau.packing.stack import Stack
from gofau.problems import Problem


@final
class SerialExecutor(Executor):
    """Runs the module as it is, trial by trial: the reference, and the fallback for any module."""

    name: ClassVar[str] = "serial"

    def __init__(self, problem: Problem, template: nn.Module) -> None:
        super().__init__(problem, template)
        self.layout = FlatLayout(template)

    @staticmethod
    def obstacle(problem: Problem, template: nn.Module) -> str | None:
        """See `Executor.obstacle`; there is none."""
        return None

    def gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """See `Executor.gradients`."""
        self.template.train()
        grads = [torch.empty_like(block) for block in stack.blocks]
        into = self.layout.views(grads)
        x, y = batch.groups.per_trial(batch.x), batch.groups.per_trial(batch.y)
        losses = []
        for k in range(stack.size):
            parameters = self._row(stack, k)
            leaves = {name: value.requires_grad_() for name, value in parameters.items()}
            output = self._call(stack, k, leaves, x[k])
            loss = self.problem.loss(output, y[k])
            made = torch.autograd.grad(loss, list(leaves.values()))
            for name, grad in zip(leaves, made, strict=True):
                into[name][k].copy_(grad)
            losses.append(loss.detach())
        return torch.stack(losses), grads

    def outputs(self, stack: Stack, x: Tensor) -> Tensor:
        """See `Executor.outputs`."""
        self.template.eval()
        rows = (self._call(stack, k, self._row(stack, k), x) for k in range(stack.size))
        return torch.stack(list(rows))

    def _row(self, stack: Stack, k: int) -> dict[str, Tensor]:
        views = self.layout.views(stack.blocks).items()
        return {name: view[k].detach() for name, view in views}

    def _call(self, stack: Stack, k: int, parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        buffers = {name: value[k] for name, value in stack.buffers.items()}
        output: Tensor = functional_call(self.template, (parameters, buffers), (x,))
        return output
