"""The serial executor: one trial after the other through the plain module."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, final

import torch
from torch import Tensor, nn

from gofau.drawing import drawing_from
from gofau.packing.executors.base import Batch, Executor
from gofau.packing.executors.compiler import compiled
from gofau.packing.executors.functional import Stateless, keep
from gofau.packing.executors.scores import in_measured_form
from gofau.packing.plan.errors import PlanError
from gofau.packing.plan.plan import ExecutorName
from gofau.packing.plan.streams import evaluation_seed
from gofau.packing.stack.alignment import owned
from gofau.packing.stack.layout import FlatLayout
from gofau.packing.stack.stack import Stack
from gofau.problems import Dataset, Problem

Loss = Callable[[Mapping[str, Tensor], Tensor, Tensor], tuple[Tensor, dict[str, Tensor]]]


@final
class SerialExecutor(Executor):
    """Runs the module as it is, trial by trial: the reference, and the fallback for any module.

    What a module draws outside its dropout layers comes from the trial's own stream as well: the
    global generators of the CPU and of the stack's device are set to it for the call, and put back
    afterwards.

    Every trial is computed by the same calls on tensors of the same shapes, all of which start at
    multiples of a cache line, wherever its row lies: its numbers are the same bit by bit in every
    stack.
    """

    name: ClassVar[ExecutorName] = "serial"
    bitwise: ClassVar[bool] = True
    channels: ClassVar[bool] = True
    cuda_graphs: ClassVar[bool] = False
    tried: ClassVar[bool] = False
    together: ClassVar[bool] = False

    def __init__(self, problem: Problem, module: nn.Module) -> None:
        super().__init__(problem, module)
        self.layout = FlatLayout(module)
        self._weights = tuple(name for name, _ in module.named_parameters())
        self._call = Stateless(module)
        self._step = Stateless(Step(module, problem))
        self._loss: Loss | None = None

    @staticmethod
    def obstacle(problem: Problem, module: nn.Module, data: Dataset) -> str | None:
        """See `Executor.obstacle`; there is none."""
        return None

    def compile(self) -> None:
        """See `Executor.compile`."""
        self._loss = compiled(self._loss_of)

    def gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """See `Executor.gradients`."""
        losses, rows = self.gradients_by_trial(stack, batch)
        grads = self._grads_of(stack.blocks[0])
        for k, made in enumerate(rows):
            torch.cat([grad.flatten() for grad in made], out=grads[k])
        return losses, [grads]

    def gradients_by_trial(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[list[Tensor]]]:
        """See `Executor.gradients_by_trial`."""
        self.module.train()
        losses, rows = [], []
        for group, row in enumerate(batch.groups.rows):
            x, y = owned(batch.x[group]), owned(batch.y[group])
            masks = {name: owned(mask[group]) for name, mask in batch.masks.items()}
            for k in range(row.start, row.stop):
                held, buffers = self._row(stack, k), _buffers(stack, k)
                leaves = {name: owned(p).requires_grad_() for name, p in held.items()}
                own = {name: owned(buffer) for name, buffer in buffers.items()}
                with drawing_from(batch.noise[group], batch.x.device):
                    loss, made, new = self._step_of({**leaves, **own, **masks}, x, y)
                keep(new, own, self.problem.name)
                _put_back({**leaves, **own}, {**held, **buffers}, self.problem.name)
                rows.append([grad.to_dense() if grad.is_sparse else grad for grad in made])
                losses.append(loss)
        return torch.stack(losses), rows

    def outputs(self, stack: Stack, x: Tensor) -> Tensor:
        """See `Executor.outputs`."""
        return torch.stack(list(self._outputs(stack, x)))

    def _measure(self, stack: Stack, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The problem's own measure, trial by trial as it is."""
        like = stack.blocks[0]
        outputs = (owned(in_measured_form(output, like)) for output in self._outputs(stack, x))
        return self._score.each(outputs, y, like)

    def _outputs(self, stack: Stack, x: Tensor) -> Iterator[Tensor]:
        """Each trial's outputs ``[N, ...]`` in evaluation mode.

        Whatever is drawn comes from one stream of the problem, so that every evaluation of a trial
        with the same parameters gives the same.
        """
        self.module.eval()
        seed = evaluation_seed(self.problem.name)
        for k in range(stack.size):
            # Copies, since an evaluation must leave a trial as it found it.
            row = {**self._row(stack, k), **_buffers(stack, k)}
            copies = {name: owned(value) for name, value in row.items()}
            with drawing_from(seed, x.device):
                output: Tensor = self._call(self._in_form(copies), self._formed(x))[0]
            yield output

    def _row(self, stack: Stack, k: int) -> dict[str, Tensor]:
        views = self.layout.views(stack.blocks).items()
        return {name: view[k].detach() for name, view in views}

    def _step_of(
        self, values: dict[str, Tensor], x: Tensor, y: Tensor
    ) -> tuple[Tensor, Sequence[Tensor], dict[str, Tensor]]:
        """The loss, its gradients, and the tensors that the module has put in others' places."""
        leaves = [values[name] for name in self._weights]
        if self._loss is not None:
            loss, new = self._loss(values, x, y)
            grads = torch.autograd.grad(loss, leaves, materialize_grads=True)
            return loss.detach(), grads, new
        formed = {f"module.{name}": value for name, value in self._in_form(values).items()}
        (loss, grads), new = self._step(formed, leaves, self._formed(x), y)
        return loss, grads, {name.removeprefix("module."): value for name, value in new.items()}

    def _loss_of(
        self, values: Mapping[str, Tensor], x: Tensor, y: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        output, new = self._call(self._in_form(values), self._formed(x))
        return self.problem.loss(output, y), new

    def _in_form(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        # Buffers are written to, so that they stay where they are.
        return {n: self._formed(v) if n in self._weights else v for n, v in values.items()}


@final
class Step(nn.Module):
    """A module with its loss and the gradients, all of them made with the same tensors in it.

    A backward pass may call parts of the module again, as activation checkpoints do.
    """

    def __init__(self, module: nn.Module, problem: Problem) -> None:
        super().__init__()
        self.module = module
        self._problem = problem

    def forward(
        self, leaves: Sequence[Tensor], x: Tensor, y: Tensor
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """The loss and its gradients to ``leaves``."""
        loss = self._problem.loss(self.module(x), y)
        return loss.detach(), torch.autograd.grad(loss, leaves, materialize_grads=True)


def _put_back(used: Mapping[str, Tensor], held: Mapping[str, Tensor], problem: str) -> None:
    """Write what a forward pass may have changed in place where the stack keeps it.

    Raises:
        PlanError: it has given a tensor another shape or dtype.
    """
    with torch.no_grad():
        for name, tensor in held.items():
            made = used[name]
            if made.shape != tensor.shape or made.dtype != tensor.dtype:
                got = f"{problem}, whose forward pass makes {name} {made.dtype} {list(made.shape)}"
                raise PlanError("problem", got, f"{tensor.dtype} {list(tensor.shape)}, as it was")
            tensor.copy_(made)


def _buffers(stack: Stack, k: int) -> dict[str, Tensor]:
    return {name: value[k] for name, value in stack.buffers.items()}
