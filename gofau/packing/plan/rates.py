"""Learning-rate schedules that differ from trial to trial inside a pack."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gofau.packing.plan.errors import PlanError

ScheduleKind = Literal["constant", "cosine", "step"]


@dataclass(frozen=True)
class Schedule:
    """The factor on a trial's learning rates at each step, after a linear warm-up.

    With T steps in all, w of them warm-up (``warmup_steps``, or the share ``warmup`` of T,
    rounded) and t counted from 1, the factor at t <= w is t/w. After that, with progress
    p = (t − 1 − w)/(T − w): ``constant`` 1; ``cosine`` floor + (1 − floor)·(1 + cos(π·p))/2;
    ``step`` factor^k after the k-th of the ``drops``, shares of p at which the rate falls.

    Args:
        kind: constant, cosine or step.
        warmup_steps: w >= 0.
        floor: the cosine's end value, in [0, 1].
        factor: what a drop multiplies by, in (0, 1].
        drops: shares of the progress, each in (0, 1), rising.
        warmup: w as a share of all steps, in [0, 1); not beside ``warmup_steps``.
    """

    kind: ScheduleKind = "constant"
    warmup_steps: int = 0
    floor: float = 0.0
    factor: float = 0.1
    drops: tuple[float, ...] = (0.5, 0.75)
    warmup: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "drops", tuple(self.drops))
        if self.kind not in get_args(ScheduleKind):
            raise PlanError("schedule.kind", self.kind, "constant, cosine or step")
        if self.warmup_steps < 0:
            raise PlanError("schedule.warmup_steps", self.warmup_steps, ">= 0")
        if not 0 <= self.warmup < 1:
            raise PlanError("schedule.warmup", self.warmup, "a number in [0, 1)")
        if self.warmup and self.warmup_steps:
            raise PlanError("schedule.warmup", self.warmup, "0 beside warmup_steps")
        if not 0 <= self.floor <= 1:
            raise PlanError("schedule.floor", self.floor, "a number in [0, 1]")
        if not 0 < self.factor <= 1:
            raise PlanError("schedule.factor", self.factor, "a number in (0, 1]")
        rising = all(a < b for a, b in zip((0.0, *self.drops), (*self.drops, 1.0), strict=True))
        if not rising:
            raise PlanError("schedule.drops", self.drops, "rising numbers in (0, 1)")

    @property
    def is_constant(self) -> bool:
        """Whether the factor is 1 at every step."""
        return self.kind == "constant" and self.warmup_steps == 0 and self.warmup == 0

    def factors(self, total: int) -> NDArray[np.float64]:
        """The factor at each of ``total`` steps, ``[T]``."""
        warmup = self.warmup_steps or round(self.warmup * total)
        steps = np.arange(1, total + 1)
        after = self._after(np.maximum(steps - 1 - warmup, 0) / max(total - warmup, 1))
        return np.where(steps <= warmup, steps / max(warmup, 1), after)

    def _after(self, progress: NDArray[np.float64]) -> NDArray[np.float64]:
        """The factor after the warm-up, by progress in [0, 1)."""
        if self.kind == "cosine":
            # The C library's cosine: NumPy's own differs from machine to machine in the last bit.
            waves = np.fromiter(map(cos, (pi * progress).tolist()), np.float64, len(progress))
            return self.floor + (1 - self.floor) * (1 + waves) / 2
        if self.kind == "step":
            powers = np.array([self.factor**k for k in range(len(self.drops) + 1)])
            return powers[np.searchsorted(self.drops, progress, side="right")]
        return np.ones(len(progress))


def table(schedules: Sequence[Schedule], total: int) -> NDArray[np.float64]:
    """The factors of trials with these schedules, ``[K, T]``; equal ones are worked out once."""
    rows = {schedule: schedule.factors(total) for schedule in set(schedules)}
    return np.stack([rows[schedule] for schedule in schedules])
