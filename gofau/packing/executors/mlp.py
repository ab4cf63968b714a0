"""Hand-batched multilayer perceptrons: forward and backward passes as a few matrix products."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gofau.drawing import drawing_from
from gofau.packing.executors.base import Batch, Executor, changed_from_without
from gofau.packing.executors.scores import in_measured_form, other_than_classes, other_than_written
from gofau.packing.plan.plan import ExecutorName
from gofau.packing.stack.alignment import matrices, owned, products
from gofau.packing.stack.layout import AffineLayout
from gofau.packing.stack.stack import Stack
from gofau.problems import Dataset, Problem

Loss = Callable[[Tensor, Tensor], Tensor]

ROWS = 2
"""Axes of a batch of rows."""


@dataclass
class Workspace:
    """Buffers that every step of one shape reuses.

    Args:
        x: the groups' inputs, ``[G, B, in + 1]``.
        w: each layer's matrix, ``[K, out, in + 1]``.
        z: pre-activations of each layer, ``[K, out, B]``.
        a: activations of each hidden layer with a row of ones below, ``[K, out + 1, B]``.
        dz: gradients of ``z``, of the same shapes.
        dw: gradients of ``w``, of the same shapes.
        grad: the block's gradient, ``[K, P]``.
    """

    x: Tensor
    w: list[Tensor]
    z: list[Tensor]
    a: list[Tensor]
    dz: list[Tensor]
    dw: list[Tensor]
    grad: Tensor


class MLPExecutor(Executor):
    """ReLU MLPs, K of them by batched matrix products.

    Activations are kept as ``[K, units, B]``. A hidden layer's gradient is
    dz = 1[z > 0]·Wᵀ·dz₊, where dz₊ belongs to the layer above. The output's is that of the
    problem's own loss, by autograd; where that is proven to be the softmax cross-entropy, it is
    (p − onehot(y))/B with p = softmax(z).

    All operands and results lie in `matrices`, and on a CPU each trial's products and its own loss
    are calls of their own, with the same shapes and alignments for every trial: its numbers are
    the same bit by bit in every stack.
    """

    name: ClassVar[ExecutorName] = "bmm"
    bitwise: ClassVar[bool] = True
    placed: ClassVar[bool] = True
    casts: ClassVar[bool] = False
    layout: AffineLayout

    def __init__(self, problem: Problem, module: nn.Module) -> None:
        super().__init__(problem, module)
        layers = {n: m for n, m in module.named_children() if isinstance(m, nn.Linear)}
        self.layout = AffineLayout(layers)
        self._spaces: dict[tuple[int, int], Workspace] = {}
        self._by_hand = False

    @staticmethod
    def obstacle(problem: Problem, module: nn.Module, data: Dataset) -> str | None:
        """See `Executor.obstacle`."""
        if problem.augmentation is not None:
            return "its training inputs change at random"
        return _unlike_mlp(module) or changed_from_without(module) or _unlike_rows(data)

    def prepare(self, dataset: Dataset) -> Dataset:
        """Inputs with a column of ones."""
        classes = self.layout.matrix_shapes[-1][0]
        unwritten = other_than_written(self.problem) or other_than_classes(dataset, classes)
        self._by_hand = unwritten is None
        return Dataset(
            _with_ones(dataset.train_x), dataset.train_y, _with_ones(dataset.val_x), dataset.val_y
        )

    def forget(self) -> None:
        """See `Executor.forget`."""
        super().forget()
        self._spaces = {}

    @torch.no_grad()
    def gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """See `Executor.gradients`."""
        space = self._space(stack, batch)
        self._read(stack, batch.x, space)
        _forward(batch, space)
        z, dz = space.z[-1], space.dz[-1]
        if self._by_hand:
            losses = _output_gradient(z, batch.groups.per_trial(batch.y), dz)
        else:
            losses = self._own_output_gradient(z, batch, dz)
        _backward(batch, space)
        for own, dw in zip(self.layout.matrices(space.grad), space.dw, strict=True):
            own.copy_(dw)
        return losses, [space.grad]

    def outputs(self, stack: Stack, x: Tensor) -> Tensor:
        """See `Executor.outputs`."""
        return self._logits(stack, x).transpose(1, 2).contiguous()

    def _own_output_gradient(self, z: Tensor, batch: Batch, out: Tensor) -> Tensor:
        """As `_output_gradient`, of the problem's own loss."""
        with torch.enable_grad():
            outputs = z.transpose(1, 2).contiguous()
            if z.device.type == "cpu":
                made = self._own_gradients(outputs, batch)
                losses, grad = (torch.stack(parts) for parts in zip(*made, strict=True))
            else:
                target = batch.groups.per_trial(batch.y)
                losses, grad = self._own_gradient(outputs, target, torch.vmap(self.problem.loss))
        out.copy_(grad.transpose(1, 2))
        return losses

    def _own_gradients(self, outputs: Tensor, batch: Batch) -> Iterator[tuple[Tensor, Tensor]]:
        """Trial by trial; what a loss draws comes from the trial's stream."""
        for group, row in enumerate(batch.groups.rows):
            target = owned(batch.y[group])
            for output in outputs[row]:
                with drawing_from(batch.noise[group], output.device):
                    made = self._own_gradient(owned(output), target)
                yield made

    def _own_gradient(
        self, outputs: Tensor, target: Tensor, loss: Loss | None = None
    ) -> tuple[Tensor, Tensor]:
        """Losses of one trial's outputs, or of all by a vectorised ``loss``, and the gradient."""
        made = (loss or self.problem.loss)(outputs.requires_grad_(), target)
        (grad,) = torch.autograd.grad(made.sum(), [outputs], materialize_grads=True)
        return made.detach(), grad

    def _measure(self, stack: Stack, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The metrics; by hand on ``[K, C, N]``, the layout in which reductions are fast."""
        like = stack.blocks[0]
        if not self._by_hand and like.device.type == "cpu":
            outputs = map(owned, in_measured_form(self.outputs(stack, x), like))
            return self._score.each(outputs, y, like)
        if not self._by_hand:
            return super()._measure(stack, x, y)
        z = self._logits(stack, x)
        # Like argmax, max finds the first of equal values, several times faster along this axis.
        hits = z.max(1).indices == y
        loss = _cross_entropy(torch.log_softmax(z, 1), y.expand(stack.size, -1))
        return {"val_loss": loss, "val_accuracy": hits.to(z.dtype).mean(1)}

    def _logits(self, stack: Stack, x: Tensor) -> Tensor:
        """Outputs ``[K, C, N]``."""
        size, like = stack.size, stack.blocks[0]
        below = x.T.expand(size, -1, -1)
        for layer, weight in enumerate(self.layout.matrices(like)):
            out, inputs = weight.shape[1:]
            own = matrices(like, size, out, inputs).copy_(weight)
            z = products(own, below, matrices(like, size, out, len(x)))
            if layer + 1 < len(self.layout.matrix_shapes):
                below = matrices(like, size, out + 1, len(x)).fill_(1)
                torch.clamp_min(z, 0, out=below[:, :-1])
        return z.contiguous()

    def _space(self, stack: Stack, batch: Batch) -> Workspace:
        key = (stack.size, *batch.x.shape[:2])
        if key not in self._spaces:
            self._spaces = {key: self._allocate(stack, batch)}
        return self._spaces[key]

    def _allocate(self, stack: Stack, batch: Batch) -> Workspace:
        like, shapes = stack.blocks[0], self.layout.matrix_shapes
        groups, examples, inputs = batch.x.shape

        def room(rows: int, columns: int) -> Tensor:
            return matrices(like, stack.size, rows, columns)

        return Workspace(
            x=matrices(like, groups, examples, inputs),
            w=[room(*shape) for shape in shapes],
            z=[room(out, examples) for out, _ in shapes],
            a=[room(out + 1, examples).fill_(1) for out, _ in shapes[:-1]],
            dz=[room(out, examples) for out, _ in shapes],
            dw=[room(*shape) for shape in shapes],
            grad=torch.empty_like(like),
        )

    def _read(self, stack: Stack, x: Tensor, space: Workspace) -> None:
        """Copy inputs and weights to where they start as they do in every other stack."""
        space.x.copy_(x)
        for own, weight in zip(space.w, self.layout.matrices(stack.blocks[0]), strict=True):
            own.copy_(weight)


def _unlike_mlp(module: nn.Module) -> str | None:
    # Unlike children(), which leaves out a layer's second place.
    layers = list(module._modules.values())
    kinds = [type(m) for m in layers]
    alternates = kinds[::2] == [nn.Linear] * len(kinds[::2]) and kinds[1::2] == [nn.ReLU] * len(
        kinds[1::2]
    )
    if type(module) is not nn.Sequential or not alternates or len(kinds) % 2 == 0:
        return "its module is not a Sequential of Linear layers with a ReLU between each two"
    linear = [m for m in layers if isinstance(m, nn.Linear)]
    if any(m.bias is None for m in linear):
        return "a Linear layer has no bias"
    if any(tuple(m.weight.shape) != (m.out_features, m.in_features) for m in linear):
        return "a Linear layer's weight has another shape than it says"
    if len(list(module.parameters())) != 2 * len(linear):
        return "it has parameters beside those of its Linear layers"
    return None


def _unlike_rows(data: Dataset) -> str | None:
    # A Linear layer reads the last of any number of axes.
    for x in (data.train_x, data.val_x):
        if x.dim() != ROWS or not x.is_floating_point():
            return f"its inputs are {x.dtype} of {x.dim()} axes, not rows of features"
    return None


def _forward(batch: Batch, space: Workspace) -> None:
    for x, row in zip(space.x, batch.groups.rows, strict=True):
        first = space.w[0][row]
        products(first, x.T.expand(len(first), -1, -1), space.z[0][row])
    for layer, weight in enumerate(space.w[1:]):
        torch.clamp_min(space.z[layer], 0, out=space.a[layer][:, :-1])
        products(weight, space.a[layer], space.z[layer + 1])


def _backward(batch: Batch, space: Workspace) -> None:
    for layer in range(len(space.w) - 1, 0, -1):
        dz, below = space.dz[layer], space.dz[layer - 1]
        products(dz, space.a[layer - 1].transpose(1, 2), space.dw[layer])
        products(space.w[layer][:, :, :-1].transpose(1, 2), dz, below)
        torch.ops.aten.threshold_backward(below, space.z[layer - 1], 0, grad_input=below)
    for x, row in zip(space.x, batch.groups.rows, strict=True):
        dz = space.dz[0][row]
        products(dz, x.expand(len(dz), -1, -1), space.dw[0][row])


def _output_gradient(z: Tensor, target: Tensor, out: Tensor) -> Tensor:
    """Mean cross-entropies ``[K]`` of ``z`` ``[K, C, B]``; their gradient goes to ``out``."""
    log_p = torch.log_softmax(z, 1)
    seed = torch.zeros_like(log_p).scatter_(1, target.unsqueeze(1), -1 / z.shape[2])
    out.copy_(torch.ops.aten._log_softmax_backward_data(seed, log_p, 1, z.dtype))
    return _cross_entropy(log_p, target)


def _cross_entropy(log_p: Tensor, target: Tensor) -> Tensor:
    """Mean cross-entropies ``[K]`` of log-probabilities ``[K, C, B]``, targets ``[K, B]``."""
    chosen = log_p.gather(1, target.unsqueeze(1)).squeeze(1)
    if chosen.device.type != "cpu":
        return -chosen.mean(1)
    # Each by itself: how a sum over one of several axes is split depends on the others' lengths.
    return -torch.stack([row.mean() for row in chosen])


def _with_ones(x: Tensor) -> Tensor:
    return torch.cat((x, x.new_ones(len(x), 1)), 1)
