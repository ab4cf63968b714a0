"""The serial executor: one trial after the other through the plain module."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gofau.packing.dropout import DropoutMasks
from gofau.packing.executors.base import Batch, Executor
from gofau.packing.layout import FlatLayout
from gofau.packing.plan import ExecutorName
from gofau.packing.stack import Stack
from gofau.problems import Problem


@final
class SerialExecutor(Executor):
    """Runs the module as it is, trial by trial: the reference, and the fallback for any module.

    What a module draws outside its dropout layers comes from the trial's own stream as well: the
    global CPU generator is set to it for the call, and put back afterwards.
    """

    name: ClassVar[ExecutorName] = "serial"

    def __init__(self, problem: Problem, template: nn.Module) -> None:
        super().__init__(problem, template)
        self.layout = FlatLayout(template)
        self._masks = DropoutMasks(template)

    @staticmethod
    def obstacle(problem: Problem, template: nn.Module) -> str | None:
        """See `Executor.obstacle`; there is none."""
        return None

    def gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """See `Executor.gradients`."""
        losses, rows = self.loose_gradients(stack, batch)
        grads = self._grads_of(stack.blocks[0])
        for k, made in enumerate(rows):
            torch.cat([grad.flatten() for grad in made], out=grads[k])
        return losses, [grads]

    def loose_gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[list[Tensor]]]:
        """See `Executor.loose_gradients`."""
        masks = self._masks.draw(self.template, batch.x[0], batch.noise)
        self.template.train()
        losses, rows = [], []
        for group, row in enumerate(batch.groups.rows):
            own = {name: mask[group] for name, mask in masks.items()}
            for k in range(row.start, row.stop):
                with _drawing_from(batch.noise[group]):
                    leaves = {n: p.requires_grad_() for n, p in self._row(stack, k).items()}
                    output = self._call(stack, k, {**leaves, **own}, batch.x[group])
                loss = self.problem.loss(output, batch.y[group])
                made = torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
                rows.append(list(made))
                losses.append(loss.detach())
        return torch.stack(losses), rows

    def outputs(self, stack: Stack, x: Tensor) -> Tensor:
        """See `Executor.outputs`."""
        self.template.eval()
        rows = (self._call(stack, k, self._row(stack, k), x) for k in range(stack.size))
        return torch.stack(list(rows))

    def _row(self, stack: Stack, k: int) -> dict[str, Tensor]:
        views = self.layout.views(stack.blocks).items()
        return {name: view[k].detach() for name, view in views}

    def _call(self, stack: Stack, k: int, values: Mapping[str, Tensor], x: Tensor) -> Tensor:
        buffers = {name: value[k] for name, value in stack.buffers.items()}
        output: Tensor = functional_call(self.template, {**values, **buffers}, (x,))
        return output


@contextmanager
def _drawing_from(seed: int) -> Iterator[None]:
    """Let the global CPU generator be at the start of a stream, and put it back."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
