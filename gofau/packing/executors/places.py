"""Whether an executor's promise holds here, that no trial's place in the stack decides its bits."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gofau.packing.executors.base import Batch, Executor, Groups
from gofau.packing.stack.alignment import aligned
from gofau.packing.stack.stack import Stack
from gofau.problems import Dataset, Problem

TRIALS = 4
MATTERS = "a trial's place in the stack decides its last bits on this machine"


def place_matters(
    kind: type[Executor], problem: Problem, module: nn.Module, data: Dataset
) -> str | None:
    """Why an executor of multilayer perceptrons does not keep its promise here, or ``None``.

    Found by trying: one step and one evaluation of the same trials together, in another order, and
    each alone.

    Args:
        kind: the executor, which can train the module.
        problem: what is trained.
        module: its module, which has no buffers.
        data: as many examples as a step has, since what a library does depends on it.
    """
    executor = kind(problem, module)
    like = next(iter(module.parameters()))
    few = executor.prepare(aligned(data.to(like.dtype, like.device)))
    trials = torch.arange(TRIALS).tolist()
    together = _results(executor, trials, few)
    for rows in (trials[::-1], *([k] for k in trials)):
        apart = _results(executor, rows, few)
        for whole, part in zip(together, apart, strict=True):
            if not torch.equal(whole[rows], part):
                return MATTERS
    return None


def _results(executor: Executor, trials: Sequence[int], few: Dataset) -> list[Tensor]:
    """Losses, gradients and metrics of trials, each ``[K, ...]``."""
    weights = dict(executor.module.named_parameters())
    like = next(iter(weights.values())).detach().flatten()
    blocks = executor.layout.allocate(len(trials), like)
    for row, trial in enumerate(trials):
        scaled = {name: value.detach() * 0.7**trial for name, value in weights.items()}
        executor.layout.fill(blocks, row, scaled)
    stack = Stack(blocks, {}, [], [], {}, like[:0], like.new_zeros(len(trials)))
    groups = Groups.of(["one"] * len(trials), like.device)
    batch = executor.drawn(Batch(few.train_x[None], few.train_y[None], groups, noise=(0,)))
    losses, grads = executor.gradients(stack, batch)
    kept = [losses.clone(), *(grad.clone() for grad in grads)]
    return [*kept, *executor.measure(stack, few.val_x, few.val_y).values()]
