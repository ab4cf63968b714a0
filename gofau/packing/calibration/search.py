"""The search for the fastest way to train a plan: executor, memory format, width and backend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import torch

from gofau.packing.calibration.calibration import Calibration, by, compiled
from gofau.packing.calibration.throughput import memory_bound, trial_steps_per_second
from gofau.packing.executors import Demands, able, choose
from gofau.packing.plan.plan import BackendName, ExecutorName, MemoryFormatName, PackPlan
from gofau.packing.program import Program, Programs

MOST = 4096
"""The widest stack tried."""

USUAL = 256
"""The widest stack tried for plans of fewer trials."""

WORTH_WIDENING = 1.03
"""A wider stack must train this many times as fast as the last one that was worth it."""

WORTH_CHANGING = 1.1
"""An executor, a format or a backend must be this many times as fast as one preferred to it."""

LOOK_AHEAD = 4
"""The search ends where a stack so many times as wide as the last one worth it is not."""

WORTH_SETTLING = 5.0
"""An executor this many times as fast as the serial one is taken without trying later ones."""

WORTH_PACKING = 1.2
"""Packs must train this many times as fast as one trial after the other."""

Rate = Callable[[Program, int], float]
"""Trial-steps per second of a program at a width."""


def measured(programs: Programs, rate: Rate = trial_steps_per_second) -> Calibration:
    """Measure what can train a run's plan, doubling the width while that pays.

    Executors and memory formats are tried everywhere, CUDA graphs and torch's compiler on a GPU.

    Args:
        programs: the run's; each way that is tried is built once, and stays among them.
        rate: how throughput is measured.
    """
    chosen, best = _packed(programs, rate)
    plan = programs.plan
    if plan.device.startswith("cuda") and plan.backend == "auto":
        return _launched(programs, chosen, best, rate)
    return chosen


@dataclass(frozen=True)
class _Way:
    """A program, the width at which it was fastest, and its throughput there."""

    program: Program
    width: int
    throughput: float


def _packed(programs: Programs, rate: Rate) -> tuple[Calibration, _Way]:
    """The fastest executor, memory format and width."""
    plan, examined, fused = programs.plan, programs.examined, programs.fused
    demands = Demands.of(plan)
    _, why = choose(plan.executor, examined, demands, kernels=fused)
    names = able(plan.executor, examined, demands, kernels=fused)
    bound = _bound(programs, names[0])
    alone = _first_fast(_ways(programs, replace(plan, backend="eager"), "serial", 1, rate))
    found: list[_Way] = []
    for packed in (name for name in names if name != "serial"):
        found += _ways(programs, plan, packed, bound, rate)
        if max(way.throughput for way in found) >= WORTH_SETTLING * alone.throughput:
            break
    best = _first_fast(found) if found else alone
    gain = best.throughput / alone.throughput
    reason = f"calibrated: {gain:.1f}x serial at width {best.width}"
    if not found:
        reason = "asked for" if plan.executor == "serial" else f"calibrated: only it can ({why})"
    elif plan.executor == "auto" and "serial" in names and gain < WORTH_PACKING:
        reason = f"calibrated: packing gains {gain:.2f}x over serial, less than {WORTH_PACKING}x"
        best = alone
    if found and plan.executor == "auto" and why:
        reason += f"; {why}"
    form = best.program.plan.memory_format
    if form != "contiguous":
        reason += f", {form}"
    name = best.program.executor.name
    return Calibration(name, best.width, gain, reason, memory_format=form), best


def _bound(programs: Programs, name: ExecutorName) -> int:
    """The widest stack that is tried, by the memory of trials under an executor."""
    plan = programs.plan
    program = programs.of(by(plan, name, "contiguous"))
    return min(MOST, memory_bound(program), max(USUAL, len(plan.trials)))


def _ways(
    programs: Programs, plan: PackPlan, name: ExecutorName, bound: int, rate: Rate
) -> list[_Way]:
    """An executor in every memory format that it can be tried with."""
    forms: list[MemoryFormatName] = ["contiguous"]
    examined, last = programs.examined, Demands(channels_last=True)
    if plan.memory_format == "auto" and examined.shows_images and able(name, examined, last):
        forms.append("channels_last")
    return [_widest(programs.of(by(plan, name, form)), bound, rate) for form in forms]


def _first_fast(ways: Sequence[_Way]) -> _Way:
    """The first that is nearly as fast as any.

    They come in order of preference: a later one must be clearly faster, or noise decides.
    """
    fastest = max(way.throughput for way in ways)
    return next(way for way in ways if way.throughput * WORTH_CHANGING >= fastest)


def _widest(program: Program, bound: int, rate: Rate) -> _Way:
    width, throughput, tried = 1, rate(program, 1), 1
    while tried < LOOK_AHEAD * width and 2 * tried <= bound:
        tried *= 2
        try:
            faster = rate(program, tried)
        except torch.OutOfMemoryError:
            # The bound counts what autograd keeps only roughly.
            break
        if faster >= WORTH_WIDENING * throughput:
            width, throughput = tried, faster
    return _Way(program, width, throughput)


def _launched(programs: Programs, chosen: Calibration, best: _Way, rate: Rate) -> Calibration:
    """``chosen`` with CUDA graphs if they pay, and with what a compilation costs and gains."""
    throughput = best.throughput

    def with_backend(backend: BackendName) -> float:
        plan = by(programs.plan, chosen.executor, chosen.memory_format, backend)
        return rate(programs.of(plan), chosen.width)

    if able(chosen.executor, programs.examined, Demands(cuda_graphs=True)):
        gain = with_backend("cudagraphs") / throughput
        if gain >= WORTH_CHANGING:
            throughput *= gain
            reason = f"{chosen.reason}; cudagraphs {gain:.1f}x"
            chosen = replace(chosen, backend="cudagraphs", reason=reason)
    started = perf_counter()
    gain = with_backend(compiled(chosen.backend)) / throughput
    return replace(
        chosen,
        reason=f"{chosen.reason}; inductor {gain:.1f}x",
        epoch_s=best.program.epoch_steps / throughput,
        compiled_gain=gain,
        compile_s=perf_counter() - started,
    )
