"""How many trials to stack: bounded by memory, chosen by measured throughput, remembered."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor

from gofau.packing.denormals import flushed_denormals
from gofau.packing.executors import able
from gofau.packing.plan import ExecutorName, PackPlan
from gofau.packing.program import Program

MOST = 4096
"""The widest stack tried."""

USUAL = 256
"""The widest stack tried for plans of fewer trials."""

WORTH_DOUBLING = 1.1
"""A wider stack must train this many times as fast as the last one that was worth it."""

LOOK_AHEAD = 4
"""The search ends where a stack so many times as wide as the last one worth it is not."""

WORTH_SETTLING = 5.0
"""An executor this many times as fast as the serial one is taken without trying later ones."""

WORTH_PACKING = 1.2
"""Packs must train this many times as fast as one trial after the other."""

STEPS = 4
"""Steps that are timed together, since the first of an epoch pays for gathering examples."""

TIMES = 2
"""How often they are timed; the best counts."""

SHARE_OF_MEMORY = 0.5
TEMPORARIES = 4
"""Copies of a row that an optimizer step by torch's operations holds at once."""

FORMAT = 3

Rate = Callable[[PackPlan, ExecutorName, int], float]
"""Trial-steps per second of a plan under an executor at a width."""


@dataclass(frozen=True)
class Calibration:
    """What was chosen for one architecture, batch size, rule and device.

    Args:
        executor: the fastest.
        width: how many trials it stacks.
        gain: its speed over the serial executor's.
        reason: why, in words.
    """

    executor: ExecutorName
    width: int
    gain: float
    reason: str


def calibrated(plan: PackPlan, folder: Path) -> Calibration:
    """The calibration for ``plan``, from ``folder`` or measured now and kept there.

    Args:
        plan: whose problem, sizes, direction, rule, dtype and device matter.
        folder: where calibrations are kept; made if missing.
    """
    path = folder / f"calibration-{_key(plan)}.json"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        if path.exists():
            return Calibration(**json.loads(path.read_text()))
        made = measured(plan)
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        partial.write_text(json.dumps(asdict(made)))
        partial.replace(path)
    return made


def measured(plan: PackPlan, rate: Rate | None = None) -> Calibration:
    """Measure the executors that can train ``plan``, doubling the width while that pays.

    Args:
        plan: as for `calibrated`.
        rate: how speed is measured; `trial_steps_per_second` by default.
    """
    rate = rate or trial_steps_per_second
    program = Program(plan)
    bound = min(MOST, memory_bound(program), max(USUAL, len(plan.trials)))
    serial = rate(plan, "serial", 1)
    names = able(plan.executor, program.problem, program.template, plan.casts)
    found: list[tuple[float, ExecutorName, int]] = []
    for name in names:
        if name != "serial":
            found.append(_widest(plan, name, bound, rate))
            if found[-1][0] >= WORTH_SETTLING * serial:
                break
    alone: tuple[float, ExecutorName, int] = (serial, "serial", 1)
    fastest = max(found, default=alone)[0]
    # Executors come in order of preference: a later one must be clearly faster, or noise decides.
    speed, executor, width = next((f for f in found if f[0] * WORTH_DOUBLING >= fastest), alone)
    gain = speed / serial
    if executor == "serial":
        return Calibration(executor, width, gain, "calibrated: only the serial executor can")
    if plan.executor == "auto" and gain < WORTH_PACKING:
        reason = f"calibrated: packing gains {gain:.2f}x over serial, less than {WORTH_PACKING}x"
        return Calibration("serial", 1, gain, reason)
    return Calibration(executor, width, gain, f"calibrated: {gain:.1f}x serial at width {width}")


def trial_steps_per_second(plan: PackPlan, executor: ExecutorName, width: int) -> float:
    """The speed of ``width`` trials over an epoch, from a few steps and one evaluation.

    The best of `TIMES` runs of `STEPS` steps counts, after a step to warm up.
    """
    program = Program(replace(plan, executor=executor))
    base = plan.trials
    trials = [replace(base[i % len(base)], key=i) for i in range(width)]
    steps = min(STEPS, program.epoch_steps)
    with flushed_denormals():
        lane = program.start(trials)
        program.steps(lane, 1)
        stepping = min(
            _timed(lambda: program.steps(lane, steps), program.like) for _ in range(TIMES)
        )
        evaluating = _timed(lambda: program.evaluate(lane), program.like)
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


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process of this machine measures for ``folder``.

    Calibrations at the same time would slow one another down, and packs of one bucket, which
    start together, would all measure the same.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _widest(
    plan: PackPlan, executor: ExecutorName, bound: int, rate: Rate
) -> tuple[float, ExecutorName, int]:
    width, speed, tried = 1, rate(plan, executor, 1), 1
    while tried < LOOK_AHEAD * width and 2 * tried <= bound:
        tried *= 2
        faster = rate(plan, executor, tried)
        if faster >= WORTH_DOUBLING * speed:
            width, speed = tried, faster
    return speed, executor, width


def _timed(step: Callable[[], None], like: Tensor) -> float:
    started = perf_counter()
    step()
    if like.device.type == "cuda":
        torch.cuda.synchronize(like.device)
    return perf_counter() - started


def _kept(program: Program) -> int:
    """Bytes that a plain forward pass of one batch keeps for the backward pass."""
    total = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal total
        total += tensor.numel() * tensor.element_size()
        return tensor

    data = program.problem.dataset().to(program.like.dtype, program.like.device)
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        program.template(data.train_x[: program.batch])
    return total


def _free(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    pages, size = os.sysconf("SC_AVPHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return pages * size // (os.cpu_count() or 1)


def _key(plan: PackPlan) -> str:
    cuda = plan.device.startswith("cuda")
    device = torch.cuda.get_device_name(plan.device) if cuda else f"cpu-{os.cpu_count()}"
    parts = (
        FORMAT,
        plan.problem,
        sorted(plan.problem_parameters.items()),
        plan.batch_size,
        plan.direction,
        plan.rule,
        plan.dtype,
        plan.autocast,
        plan.executor,
        device,
        torch.get_num_threads(),
        torch.__version__,
    )
    return blake2b(repr(parts).encode(), digest_size=12).hexdigest()
