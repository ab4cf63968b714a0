"""The law that a pack's losses and gradients are those of each trial alone."""

import torch
from torch import Tensor

from gofau.contract.errors import require
from gofau.packing import TrialPlan
from gofau.packing.dropout import use_streams
from gofau.packing.executors import Batch, Executor, Groups, SerialExecutor, choose
from gofau.packing.initial import InitialDraws
from gofau.packing.stack import Stack
from gofau.problems import Dataset, Problem

EXAMPLES = 8
SEEDS = (0, 0, 1)
TOLERANCE = 1e-9
CPU = torch.device("cpu")


def check_pack(one: Problem, data: Dataset, subject: str) -> None:
    """Compare one step of three trials by the fastest executor with the serial one, in float64.

    Raises:
        ContractError: losses, gradients or buffers that differ by more than rounding.
    """
    with torch.random.fork_rng(devices=[]):
        template = one.module().double()
    few = data.first(EXAMPLES).to(torch.float64, CPU)
    use_streams(template, few.train_x)
    executor, _ = choose("auto", one, template, data)
    want = _step(SerialExecutor(one, template), one, few)
    for name, got in _step(executor, one, few).items():
        alone = want[name].double().reshape(len(SEEDS), -1)
        error = (got.double().reshape(len(SEEDS), -1) - alone).abs().amax(1)
        worst = (error / alone.abs().amax(1).clamp_min(1e-6)).max().item()
        where = f"{subject} {name} by the {executor.name} executor"
        law = f"what serial training gives, within {TOLERANCE:g}"
        require(worst <= TOLERANCE, where, law, f"a relative difference of {worst:g}")


def _step(executor: Executor, one: Problem, few: Dataset) -> dict[str, Tensor]:
    """Losses, gradients by parameter and buffers after a step, ``[K, ...]`` each."""
    like = torch.empty(0, dtype=torch.float64)
    trials = [TrialPlan(k, seed, 1 + k / 2, {}) for k, seed in enumerate(SEEDS)]
    draws = InitialDraws(one, like)
    blocks, buffers = draws.blocks(trials, executor.layout), draws.buffers(trials)
    stack = Stack(blocks, buffers, [], [], {}, like, like.new_zeros(len(trials)))
    ready = executor.prepare(few)
    before = executor.outputs(stack, ready.val_x).contiguous()
    x, y = (torch.stack([values, values]) for values in (ready.train_x, ready.train_y))
    batch = Batch(x, y, Groups.of(SEEDS, CPU), noise=(0, 1))
    losses, grads = executor.gradients(stack, executor.drawn(batch))
    named = executor.layout.views([grad.clone() for grad in grads])
    return {"validation output": before, "training loss": losses, **named, **stack.buffers}
