"""The vmap executor: any module whose forward pass torch can vectorise over trials."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from gofau.packing.executors.base import Batch, Groups
from gofau.packing.executors.functional import ModuleExecutor
from gofau.packing.plan import ExecutorName
from gofau.packing.stack import Stack
from gofau.problems import Problem


@final
class VmapExecutor(ModuleExecutor):
    """Vectorises the module's forward pass over stacked parameters and buffers."""

    name: ClassVar[ExecutorName] = "vmap"

    @staticmethod
    def obstacle(problem: Problem, template: nn.Module) -> str | None:
        """See `Executor.obstacle`; found by trying two trials on two examples."""
        like = next(iter(template.parameters()))
        data = problem.dataset().first(2).to(like.dtype, like.device)
        executor = VmapExecutor(problem, template)
        try:
            executor.gradients(*_probe(executor, data.train_x, data.train_y, like))
        except RuntimeError as error:
            return f"torch cannot vectorise its forward pass ({str(error).splitlines()[0]})"
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
            losses: Tensor = run(dict(parameters), buffers, x, y)
        return losses

    def outputs(self, stack: Stack, x: Tensor) -> Tensor:
        """See `Executor.outputs`."""
        self.template.eval()
        parameters = self.layout.views(stack.blocks)
        run = torch.vmap(self._call, in_dims=(0, 0, None))
        with _plain_attention(x.device):
            outputs: Tensor = run(parameters, stack.buffers, x)
        return outputs

    def _loss_of(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, y: Tensor
    ) -> Tensor:
        return self.problem.loss(self._call(parameters, buffers, x), y)

    def _call(self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
        output: Tensor = functional_call(self.template, (parameters, buffers), (x,))
        return output


@contextmanager
def _plain_attention(device: torch.device) -> Iterator[None]:
    """Attention by plain products on CPUs, whose fused kernels are not vectorised over trials."""
    if device.type != "cpu":
        yield
        return
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _probe(executor: VmapExecutor, x: Tensor, y: Tensor, like: Tensor) -> tuple[Stack, Batch]:
    """Two trials of zeros and a batch of ``x`` for each."""
    # Masks are not persistent: they come with each batch, not with a trial's state.
    state, buffers = executor.template.state_dict(), executor.template.named_buffers()
    kept = {name: torch.stack([b, b]) for name, b in buffers if name in state}
    stack = Stack(executor.layout.allocate(2, like), kept, [], [], {}, like[:0], like[:0])
    groups = Groups.of(["one", "other"], like.device)
    batch = Batch(torch.stack([x, x]), torch.stack([y, y]), groups, noise=(0, 1))
    return stack, executor.drawn(batch)
