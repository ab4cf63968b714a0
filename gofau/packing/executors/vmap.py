"""The vmap executor: any module whose forward pass torch can vectorise over trials."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from gofau.packing.dropout import StreamDropout
from gofau.packing.executors.base import Batch, Groups
from gofau.packing.executors.functional import ModuleExecutor, called, keep
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
        stack, batch = _probe(executor, data.train_x, data.train_y, like)
        (block,) = stack.blocks
        given = block._version
        try:
            executor.gradients(stack, batch)
            executor.outputs(stack, data.val_x)
        except Exception as error:  # noqa: BLE001 - if it is the module's own, training tells it
            said = str(error).strip() or type(error).__name__
            return f"torch cannot vectorise its forward pass ({said.splitlines()[0]})"
        if block._version != given:
            return "its forward pass writes over its parameters"
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
        self.template.eval()
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
        output, new = called(self.template, {**parameters, **buffers}, x)
        return self.problem.loss(output, y), new

    def _output_of(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor
    ) -> Tensor:
        return called(self.template, {**parameters, **buffers}, x)[0]


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
    """Two trials of the template's own values and a batch of ``x`` for each."""
    template = executor.template
    blocks = executor.layout.allocate(2, like.detach())
    for row in range(2):
        executor.layout.fill(blocks, row, {n: p.detach() for n, p in template.named_parameters()})
    # Masks come with each batch, not with a trial's state.
    masks = {f"{n}.mask" for n, m in template.named_modules() if isinstance(m, StreamDropout)}
    buffers = {n: torch.stack([b, b]) for n, b in template.named_buffers() if n not in masks}
    stack = Stack(blocks, buffers, [], [], {}, like[:0], like[:0])
    groups = Groups.of(["one", "other"], like.device)
    batch = Batch(torch.stack([x, x]), torch.stack([y, y]), groups, noise=(0, 1))
    return stack, executor.drawn(batch)
