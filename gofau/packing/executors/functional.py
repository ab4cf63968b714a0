"""What the executors share that run the module itself with parameters from the stack."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gofau.packing.executors.base import Batch, Executor
from gofau.packing.executors.compiler import compiled
from gofau.packing.plan.errors import PlanError
from gofau.packing.stack.layout import FlatLayout
from gofau.packing.stack.stack import Stack
from gofau.problems import Problem

Losses = Callable[[Mapping[str, Tensor], Stack, Batch], Tensor]
"""Losses ``[K]`` in training mode as a function of the parameters."""


@final
class Stateless:
    """A module to be called with other parameters and buffers than its own.

    A tensor that has several places in the module, as tied weights have, comes by the name of its
    first one. torch's own treatment of those would leave the last call's tensors in a layer that
    has several names.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self._first: dict[str, str] = {}
        firsts: dict[int, str] = {}
        for prefix, owner in module.named_modules():
            parts = (owner.named_parameters, owner.named_buffers)
            for name, tensor in chain(*(p(prefix, False, False) for p in parts)):
                first = firsts.setdefault(id(tensor), name)
                if first != name:
                    self._first[name] = first

    def __call__(
        self, values: Mapping[str, Tensor], *inputs: object
    ) -> tuple[Any, dict[str, Tensor]]:
        """The output for ``inputs``.

        Returns:
            tuple: the output, and the tensors that the module has put in the place of ``values``,
            by name. What it writes into them is in them.
        """
        given = {**values, **{name: values[first] for name, first in self._first.items()}}
        held = dict(given)
        output = functional_call(self.module, held, inputs, tie_weights=False)
        new = {name: tensor for name, tensor in held.items() if tensor is not given[name]}
        return output, {self._first.get(name, name): tensor for name, tensor in new.items()}


def keep(new: Mapping[str, Tensor], buffers: Mapping[str, Tensor], problem: str) -> None:
    """Write what a module has put in the place of its buffers into them.

    Raises:
        PlanError: it has put something in the place of a parameter, or a tensor that does not fit.
    """
    for name, tensor in new.items():
        old = buffers.get(name)
        if old is None:
            got = f"{problem}, whose forward pass replaces {name}"
            raise PlanError("problem", got, "one that changes buffers only")
        if tensor.shape != old.shape or not torch.can_cast(tensor.dtype, old.dtype):
            got = f"{problem}, whose buffer {name} becomes {_form(tensor)}"
            raise PlanError("problem", got, f"{_form(old)}, as it was")
        old.copy_(tensor.detach())


def _form(tensor: Tensor) -> str:
    return f"{tensor.dtype} {list(tensor.shape)}"


class ModuleExecutor(Executor):
    """Differentiates a forward pass over all trials, whatever computes it.

    A subclass gives the losses of a batch as a function of the named parameters; their sum is
    differentiated, so that each trial's gradient is that of its own mean loss.
    """

    layout: FlatLayout

    def __init__(self, problem: Problem, module: nn.Module) -> None:
        super().__init__(problem, module)
        self.layout = FlatLayout(module)
        self._losses: Losses = self.batch_losses

    @abstractmethod
    def batch_losses(self, parameters: Mapping[str, Tensor], stack: Stack, batch: Batch) -> Tensor:
        """Losses ``[K]`` in training mode.

        Args:
            parameters: by name, ``[K, ...]``.
            stack: whose buffers are used, and updated in place.
            batch: the examples.
        """

    def compile(self) -> None:
        """See `Executor.compile`."""
        self._losses = compiled(self.batch_losses)

    def gradients(self, stack: Stack, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """See `Executor.gradients`."""
        self.module.train()
        views = self.layout.views(stack.blocks)
        leaves = {name: view.detach().requires_grad_() for name, view in views.items()}
        losses = self._losses(leaves, stack, batch)
        grads = torch.autograd.grad(losses.sum(), list(leaves.values()), materialize_grads=True)
        flat = [grad.reshape(len(grad), -1) for grad in grads]
        return losses.detach(), [torch.cat(flat, 1, out=self._grads_of(stack.blocks[0]))]
