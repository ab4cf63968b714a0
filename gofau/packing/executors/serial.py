"""The serial executor: one trial after the other through the plain module."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gofau.packing.compiler import compiled
from gofau.packing.executors.base import Batch, Executor
from gofau.packing.layout import FlatLayout
from gofau.packing.plan import ExecutorName
from gofau.packing.stack import Stack
from gofau.problems import Problem


@final
class SerialExecutor(Executor):
    """Runs the module as it is, trial by trial: the reference, and the fallback for any module.

    What a module draws outside its dropout layers comes from the trial's own stream as well: the
    global generators of the CPU and of the stack's device are set to it for the call, and put back
    afterwards.
    """

    name: ClassVar[ExecutorName] = "serial"
    channels: ClassVar[bool] = True
    records: ClassVar[bool] = False

    def __init__(self, problem: Problem, template: nn.Module) -> None:
        super().__init__(problem, template)
        self.layout = FlatLayout(template)
        self._loss: Callable[[Mapping[str, Tensor], Tensor, Tensor], Tensor] = self._loss_of

    @staticmethod
    def obstacle(problem: Problem, template: nn.Module) -> str | None:
        """See `Executor.obstacle`; there is none."""
        return None

    def compile(self) -> None:
        """See `Executor.compile`."""
        self._loss = compiled(self._loss_of)

    def gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """See `Executor.gradients`."""
        losses, rows = self.loose_gradients(stack, batch)
        grads = self._grads_of(stack.blocks[0])
        for k, made in enumerate(rows):
            torch.cat([grad.flatten() for grad in made], out=grads[k])
        return losses, [grads]

    def loose_gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[list[Tensor]]]:
        """See `Executor.loose_gradients`."""
        self.template.train()
        losses, rows = [], []
        for group, row in enumerate(batch.groups.rows):
            own = {name: mask[group] for name, mask in batch.masks.items()}
            for k in range(row.start, row.stop):
                leaves = {n: p.requires_grad_() for n, p in self._row(stack, k).items()}
                values = {**leaves, **_buffers(stack, k), **own}
                with _drawing_from(batch.noise[group], batch.x.device):
                    loss = self._loss(values, batch.x[group], batch.y[group])
                made = torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
                rows.append(list(made))
                losses.append(loss.detach())
        return torch.stack(losses), rows

    def outputs(self, stack: Stack, x: Tensor) -> Tensor:
        """See `Executor.outputs`."""
        self.template.eval()
        rows = ({**self._row(stack, k), **_buffers(stack, k)} for k in range(stack.size))
        return torch.stack([self._call(values, x) for values in rows])

    def _row(self, stack: Stack, k: int) -> dict[str, Tensor]:
        views = self.layout.views(stack.blocks).items()
        return {name: view[k].detach() for name, view in views}

    def _loss_of(self, values: Mapping[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return self.problem.loss(self._call(values, x), y)

    def _call(self, values: Mapping[str, Tensor], x: Tensor) -> Tensor:
        formed = {name: self._formed(value) for name, value in values.items()}
        output: Tensor = functional_call(self.template, formed, (self._formed(x),))
        return output


def _buffers(stack: Stack, k: int) -> dict[str, Tensor]:
    return {name: value[k] for name, value in stack.buffers.items()}


@contextmanager
def _drawing_from(seed: int, device: torch.device) -> Iterator[None]:
    """Let the global generators be at the start of a stream, and put them back."""
    cuda = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if cuda else []):
        torch.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed(seed)
        yield
