"""What a calibration has found: the way in which a pack trains fastest, and its width."""

from dataclasses import dataclass, replace
from typing import get_args

from gofau.packing.plan.plan import BackendName, ExecutorName, MemoryFormatName, PackPlan


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
                backend = compiled(backend)
        return by(plan, self.executor, self.memory_format, backend)


def by(
    plan: PackPlan,
    executor: ExecutorName,
    memory_format: MemoryFormatName,
    backend: BackendName = "eager",
) -> PackPlan:
    """``plan`` trained in one way; what it says itself of backend and memory format stays."""
    return replace(
        plan,
        executor=executor,
        backend=backend if plan.backend == "auto" else plan.backend,
        memory_format=memory_format if plan.memory_format == "auto" else plan.memory_format,
    )


def compiled(backend: BackendName) -> BackendName:
    """The same backend with torch's compiler."""
    return "inductor" if backend == "eager" else "inductor+cudagraphs"
