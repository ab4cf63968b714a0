"""How many trials to stack: bounded by memory, chosen by measured throughput, remembered."""

import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import get_args

import torch

from gofau.errors import UnsupportedError
from gofau.fused.compiler import find_compiler
from gofau.locks import locked_folder
from gofau.packing.calibration.throughput import memory_bound, trial_steps_per_second
from gofau.packing.executors import Demands, able
from gofau.packing.plan.identity import identified
from gofau.packing.plan.plan import BackendName, ExecutorName, MemoryFormatName, PackPlan
from gofau.packing.program import Program
from gofau.packing.recovery.files import replacing
from gofau.version import code_version

log = logging.getLogger(__name__)

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

FORMAT = 6

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
        backend: the fastest of those that need no compilation.
        memory_format: the faster one.
        epoch_s: seconds that a trial's epoch takes with them; 0 where compiling was not tried.
        compiled_gain: how many times as fast it is when compiled; 0 where that was not tried.
        compile_s: seconds until the compiled program was ready.
    """

    executor: ExecutorName
    width: int
    gain: float
    reason: str
    backend: BackendName = "eager"
    memory_format: MemoryFormatName = "contiguous"
    epoch_s: float = 0.0
    compiled_gain: float = 0.0
    compile_s: float = 0.0

    def __post_init__(self) -> None:
        if self.executor not in get_args(ExecutorName):
            raise ValueError(f"executor: got {self.executor!r}, expected one of gofau's")
        if not (isinstance(self.width, int) and self.width >= 1):
            raise ValueError(f"width: got {self.width!r}, expected an integer >= 1")

    def applied(self, plan: PackPlan) -> PackPlan:
        """``plan`` with what was chosen, compiled if all of its training gains more than it costs.

        What the plan itself says of backend and memory format stays.
        """
        backend = self.backend
        if self.compiled_gain > 1:
            eager_s = len(plan.trials) * plan.epochs * self.epoch_s
            if eager_s * (1 - 1 / self.compiled_gain) > self.compile_s:
                backend = _compiled(backend)
        return replace(
            plan,
            executor=self.executor,
            backend=backend if plan.backend == "auto" else plan.backend,
            memory_format=self.memory_format
            if plan.memory_format == "auto"
            else plan.memory_format,
        )


def calibrated(plan: PackPlan, folder: Path, *, fused: bool = True) -> Calibration:
    """The calibration for ``plan``, from ``folder`` or measured now and kept there.

    A file that cannot be read, such as one cut short by a crash of the machine, is replaced.

    Args:
        plan: whose problem, sizes, direction, rule, dtype and device matter.
        folder: where calibrations are kept; made if missing.
        fused: whether kernels that this machine compiles may run; see `run_pack`.
    """
    plan = identified(plan)
    path = folder / f"calibration-{_key(plan, fused)}.json"
    folder.mkdir(parents=True, exist_ok=True)
    # Measured at the same time, calibrations would slow one another down, and packs of one bucket,
    # which start together, would all measure the same.
    with locked_folder(folder):
        made = _kept_in(path)
        if made is None:
            made = measured(plan, fused=fused)
            with replacing(path, path.with_name(f"{path.name}.{os.getpid()}.partial")) as file:
                file.write(json.dumps(asdict(made)).encode())
    return made


def _kept_in(path: Path) -> Calibration | None:
    try:
        return Calibration(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        log.warning("calibration %s: got a damaged file (%s), measuring anew", path, error)
        return None


def measured(plan: PackPlan, rate: Rate | None = None, *, fused: bool = True) -> Calibration:
    """Measure what can train ``plan``, doubling the width while that pays.

    Executors and memory formats are tried everywhere, CUDA graphs and torch's compiler on a GPU.

    Args:
        plan: as for `calibrated`.
        rate: how speed is measured; `trial_steps_per_second` by default.
        fused: as for `calibrated`.
    """
    rate = rate or partial(trial_steps_per_second, fused=fused)
    program = Program(plan, fused)
    chosen, speed = _packed(plan, program, rate)
    if plan.device.startswith("cuda") and plan.backend == "auto":
        return _launched(plan, program, chosen, speed, rate)
    return chosen


@dataclass(frozen=True)
class _Way:
    """An executor and a memory format, the width at which they were fastest, and that speed."""

    executor: ExecutorName
    memory_format: MemoryFormatName
    width: int
    speed: float


def _packed(plan: PackPlan, program: Program, rate: Rate) -> tuple[Calibration, float]:
    """The fastest executor, memory format and width, and their speed."""
    bound = min(MOST, memory_bound(program), max(USUAL, len(plan.trials)))
    eager = replace(plan, backend="eager")
    alone = _first_fast(
        [_widest(eager, "serial", form, 1, rate) for form in _formats(plan, program, "serial")]
    )
    names = able(
        plan.executor,
        program.problem,
        program.module,
        program.examples,
        Demands.of(plan),
        kernels=program.fused,
    )
    found: list[_Way] = []
    for name in (name for name in names if name != "serial"):
        found += [_widest(plan, name, form, bound, rate) for form in _formats(plan, program, name)]
        if max(way.speed for way in found) >= WORTH_SETTLING * alone.speed:
            break
    best = _first_fast(found) if found else alone
    gain = best.speed / alone.speed
    reason = f"calibrated: {gain:.1f}x serial at width {best.width}"
    if not found:
        only = f"calibrated: only it can ({program.why_not_others})"
        reason = "asked for" if plan.executor == "serial" else only
    elif plan.executor == "auto" and "serial" in names and gain < WORTH_PACKING:
        reason = f"calibrated: packing gains {gain:.2f}x over serial, less than {WORTH_PACKING}x"
        best = alone
    if found and plan.executor == "auto" and program.why_not_others:
        reason += f"; {program.why_not_others}"
    if best.memory_format != "contiguous":
        reason += f", {best.memory_format}"
    form = best.memory_format
    return Calibration(best.executor, best.width, gain, reason, memory_format=form), best.speed


def _formats(plan: PackPlan, program: Program, name: ExecutorName) -> list[MemoryFormatName]:
    """The memory formats that an executor can be tried with."""
    if plan.memory_format != "auto":
        return [plan.memory_format]
    last = Demands(channels_last=True)
    both = program.shows_images and able(
        name, program.problem, program.module, program.examples, last
    )
    return ["contiguous", "channels_last"] if both else ["contiguous"]


def _first_fast(ways: Sequence[_Way]) -> _Way:
    """The first that is nearly as fast as any.

    They come in order of preference: a later one must be clearly faster, or noise decides.
    """
    fastest = max(way.speed for way in ways)
    return next(way for way in ways if way.speed * WORTH_CHANGING >= fastest)


def _widest(
    plan: PackPlan, executor: ExecutorName, form: MemoryFormatName, bound: int, rate: Rate
) -> _Way:
    plan = replace(plan, memory_format=form)
    width, speed, tried = 1, rate(plan, executor, 1), 1
    while tried < LOOK_AHEAD * width and 2 * tried <= bound:
        tried *= 2
        try:
            faster = rate(plan, executor, tried)
        except torch.OutOfMemoryError:
            # The bound counts what autograd keeps only roughly.
            break
        if faster >= WORTH_WIDENING * speed:
            width, speed = tried, faster
    return _Way(executor, form, width, speed)


def _launched(
    plan: PackPlan, program: Program, chosen: Calibration, speed: float, rate: Rate
) -> Calibration:
    """``chosen`` with CUDA graphs if they pay, and with what a compilation costs and gains.

    ``speed`` is its own, without either.
    """

    def speed_of(backend: BackendName) -> float:
        return rate(replace(chosen.applied(plan), backend=backend), chosen.executor, chosen.width)

    if able(
        chosen.executor,
        program.problem,
        program.module,
        program.examples,
        Demands(cuda_graphs=True),
    ):
        gain = speed_of("cudagraphs") / speed
        if gain >= WORTH_CHANGING:
            speed *= gain
            reason = f"{chosen.reason}; cudagraphs {gain:.1f}x"
            chosen = replace(chosen, backend="cudagraphs", reason=reason)
    started = perf_counter()
    gain = speed_of(_compiled(chosen.backend)) / speed
    return replace(
        chosen,
        reason=f"{chosen.reason}; inductor {gain:.1f}x",
        epoch_s=program.epoch_steps / speed,
        compiled_gain=gain,
        compile_s=perf_counter() - started,
    )


def _compiled(backend: BackendName) -> BackendName:
    return "inductor" if backend == "eager" else "inductor+cudagraphs"


def _key(plan: PackPlan, fused: bool) -> str:
    cuda = plan.device.startswith("cuda")
    device = torch.cuda.get_device_name(plan.device) if cuda else f"cpu-{os.cpu_count()}"
    parts = (
        FORMAT,
        plan.backend,
        plan.memory_format,
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
        fused,
        _compiler(),
        plan.code,
        code_version(),
    )
    return blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def _compiler() -> str:
    """The compiler of this machine's kernels, if it has one."""
    try:
        return find_compiler()
    except UnsupportedError:
        return ""
