"""The law that a pack's losses, gradients and metrics are those of each trial alone."""

import torch
from torch import Tensor, nn

from gofau.contract.errors import require
from gofau.errors import UnsupportedError
from gofau.initialization import scaling_reasons
from gofau.packing import TrialPlan
from gofau.packing.executors import Batch, Executor, Groups, SerialExecutor, able, choose
from gofau.packing.executors.examined import Examined
from gofau.packing.stack.initial import InitialDraws
from gofau.packing.stack.stack import Stack
from gofau.problems import Dataset, Problem

EXAMPLES = 8
SEEDS = (0, 0, 1)
TOLERANCE = 1e-9
CPU = torch.device("cpu")


def check_pack(one: Problem, template: nn.Module, data: Dataset, subject: str) -> None:
    """Compare one step and one evaluation of three trials by every executor with the serial one.

    Args:
        one: the problem.
        template: its module, fit for float64.
        data: its examples.
        subject: what the error names.

    Raises:
        ContractError: losses, gradients, buffers, outputs or metrics that differ by more than
            rounding from what serial training gives, or metrics of other names.
    """
    few = data.first(EXAMPLES).to(torch.float64, CPU)
    want = _step(SerialExecutor(one, template), one, few)
    examined = Examined(one, template, data, torch.empty(0, dtype=torch.float64))
    for name in able("auto", examined):
        kind, _ = choose(name, examined)
        executor = kind(one, template)
        got = _step(executor, one, few)
        where = f"{subject} by the {executor.name} executor"
        require(want.keys() == got.keys(), where, f"{', '.join(want)}", ", ".join(got))
        for what, alone in want.items():
            _check_equal(got[what], alone, f"{subject} {what} by the {executor.name} executor")


def _check_equal(got: Tensor, want: Tensor, where: str) -> None:
    one, two = (v.to(torch.complex128).reshape(len(SEEDS), -1) for v in (got, want))
    error = (one - two).abs().amax(1)
    worst = (error / two.abs().amax(1).clamp_min(1e-6)).max().item()
    law = f"what serial training gives, within {TOLERANCE:g}"
    require(worst <= TOLERANCE, where, law, f"a relative difference of {worst:g}")


def _init_scale(template: nn.Module) -> float:
    try:
        scaling_reasons(template)
    except UnsupportedError:
        return 1.0
    return 1.3


def _step(executor: Executor, one: Problem, few: Dataset) -> dict[str, Tensor]:
    """Outputs and metrics before a step, then losses, gradients and buffers, ``[K, ...]`` each."""
    like = torch.empty(0, dtype=torch.float64)
    scale = _init_scale(executor.module)
    trials = [TrialPlan(k, seed, scale**k, {}) for k, seed in enumerate(SEEDS)]
    draws = InitialDraws(one, like)
    blocks, buffers = draws.blocks(trials, executor.layout), draws.buffers(trials)
    stack = Stack(blocks, buffers, [], [], {}, like, like.new_zeros(len(trials)))
    ready = executor.prepare(few)
    before = executor.outputs(stack, ready.val_x).contiguous()
    measured = executor.measure(stack, ready.val_x, ready.val_y)
    x, y = (torch.stack([values, values]) for values in (ready.train_x, ready.train_y))
    batch = Batch(x, y, Groups.of(SEEDS, CPU), noise=(0, 1))
    losses, grads = executor.gradients(stack, executor.drawn(batch))
    named = executor.layout.views([grad.clone() for grad in grads])
    metrics = {f"metric {name}": measured[name] for name in sorted(measured)}
    made = {"validation output": before, "training loss": losses}
    return {**made, **metrics, **dict(sorted(named.items())), **stack.buffers}
