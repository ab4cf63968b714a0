"""How fast a stack trains on this machine, and how many trials its memory holds."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import perf_counter

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from gofau.drawing import drawing_from
from gofau.packing.calibration.memory import available
from gofau.packing.executors.denormals import flushed_denormals
from gofau.packing.executors.functional import Stateless
from gofau.packing.executors.watching import Watch
from gofau.packing.program import Program

STEPS = 4
"""Steps that are timed together, since the first of an epoch pays for gathering examples."""

TIMES = 2
"""How often they are timed; the best counts."""

SHARE_OF_MEMORY = 0.5
TEMPORARIES = 4
"""Copies of a row that an optimizer step by torch's operations holds at once."""


def trial_steps_per_second(program: Program, width: int) -> float:
    """The throughput of ``width`` trials over an epoch, from a few steps and one evaluation.

    The best of `TIMES` runs of `STEPS` steps counts, after a step to warm up. Nothing of the trials
    stays in the program.
    """
    base = program.plan.trials
    trials = [replace(base[i % len(base)], key=i) for i in range(width)]
    steps = min(STEPS, program.epoch_steps)
    try:
        with flushed_denormals():
            running = program.start(trials)
            program.steps(running, 1)
            stepping = min(
                _timed(lambda: program.steps(running, steps), program.like) for _ in range(TIMES)
            )
            evaluating = _timed(lambda: program.evaluate(running), program.like)
    finally:
        program.forget()
    return width / (stepping / steps + evaluating / program.epoch_steps)


def memory_bound(program: Program) -> int:
    """How many trials fit into a share of the memory that is free now, at least 1.

    Counts each trial's parameters, gradient, states and temporaries, and twice what one trial's
    forward pass keeps for the backward one.
    """
    element = program.like.element_size()
    states = len(program.optimizer.state_names)
    held = program.executor.layout.per_trial * element * (2 + states + TEMPORARIES)
    return max(1, int(SHARE_OF_MEMORY * _free(program.like.device) / (held + 2 * _kept(program))))


def _timed(step: Callable[[], None], like: Tensor) -> float:
    started = perf_counter()
    step()
    if like.device.type == "cuda":
        torch.cuda.synchronize(like.device)
    return perf_counter() - started


def _kept(program: Program) -> int:
    """Bytes that a plain forward pass of one batch keeps for the backward pass.

    Where the pass transforms functions (`torch.func`), what it keeps cannot be told from what it
    makes, which is more.
    """
    total = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal total
        total += tensor.numel() * tensor.element_size()
        return tensor

    like, module = program.like, program.examined.module
    x = program.examined.examples.first(program.batch).to(like.dtype, like.device).train_x
    # Copies, since a forward pass may change them.
    held = {
        **{name: p.detach().clone().requires_grad_() for name, p in module.named_parameters()},
        **{name: buffer.clone() for name, buffer in module.named_buffers()},
    }
    run = Stateless(module.train())
    with drawing_from(0, like.device):
        try:
            with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
                run(held, x)
        except RuntimeError as error:
            if "saved tensor hooks" not in str(error):
                raise
            made = _Made()  # type: ignore[no-untyped-call]
            with made:
                run(held, x)
            return made.total
    return total


class _Made(Watch):  # type: ignore[no-untyped-call]
    """Counts the bytes of all tensors that operations make, views left out."""

    total = 0

    def seen(
        self,
        func: Callable[..., object],
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        made: object,
    ) -> None:
        """See `Watch.seen`."""
        given = {_storage(v) for v in tree_leaves((args, kwargs)) if isinstance(v, Tensor)}
        for value in tree_leaves(made):
            if isinstance(value, Tensor) and _storage(value) not in given:
                self.total += value.numel() * value.element_size()


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _free(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return available() // (os.cpu_count() or 1)
