"""The vmap executor: any module whose forward pass torch can vectorise over trials."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from gofau.packing.executors.base import Batch
from gofau.packing.executors.functional import ModuleExecutor, Stateless, keep
from gofau.packing.plan.plan import ExecutorName
from gofau.packing.stack.stack import Stack
from gofau.problems import Dataset, Problem


@final
class VmapExecutor(ModuleExecutor):
    """Vectorises the module's forward pass over stacked parameters and buffers."""

    name: ClassVar[ExecutorName] = "vmap"
    pads: ClassVar[bool] = False

    def __init__(self, problem: Problem, module: nn.Module) -> None:
        super().__init__(problem, module)
        self._call = Stateless(module)

    @staticmethod
    def obstacle(problem: Problem, module: nn.Module, data: Dataset) -> str | None:
        """See `Executor.obstacle`; what there is shows when it is tried."""
        return None

    def batch_losses(self, parameters: Mapping[str, Tensor], stack: Stack, batch: Batch) -> Tensor:
        """See `ModuleExecutor.batch_losses`."""
        groups = batch.groups
        buffers = stack.buffers | {name: groups.per_trial(m) for name, m in batch.masks.items()}
        shared = len(groups.rows) == 1
        x, y = (v[0] if shared else groups.per_trial(v) for v in (batch.x, batch.y))
        over = None if shared else 0
        run = torch.vmap(self._loss_of, in_dims=(0, 0, over, over))
        with _plain_attention(x.device):
            losses, new = run(dict(parameters), buffers, x, y)
        keep(new, stack.buffers, self.problem.name)
        made: Tensor = losses
        return made

    def outputs(self, stack: Stack, x: Tensor) -> Tensor:
        """See `Executor.outputs`."""
        self.module.eval()
        parameters = self.layout.views(stack.blocks)
        # Copies, since an evaluation must leave a trial as it found it.
        buffers = {name: buffer.clone() for name, buffer in stack.buffers.items()}
        run = torch.vmap(self._output_of, in_dims=(0, 0, None))
        with _plain_attention(x.device):
            outputs: Tensor = run(parameters, buffers, x)
        return outputs

    def _loss_of(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, y: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        output, new = self._call({**parameters, **buffers}, x)
        return self.problem.loss(output, y), new

    def _output_of(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor
    ) -> Tensor:
        output: Tensor = self._call({**parameters, **buffers}, x)[0]
        return output


@contextmanager
def _plain_attention(device: torch.device) -> Iterator[None]:
    """Attention by plain products on CPUs, whose fused kernels are not vectorised over trials."""
    if device.type != "cpu":
        yield
        return
    with _choosing:
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            with sdpa_kernel(SDPBackend.MATH):
                yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)


_choosing = RLock()
"""Held while torch's choice of attention, which all threads share, is ours."""
