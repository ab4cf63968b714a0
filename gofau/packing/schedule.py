"""Learning-rate schedules that differ from trial to trial inside a pack."""

from dataclasses import dataclass
from math import cos, pi
from typing import Literal, get_args

from gofau.packing.errors import PlanError

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

    def factor_at(self, step: int, total: int) -> float:
        """The factor at ``step`` (from 1) of ``total`` steps."""
        warmup = self.warmup_steps or round(self.warmup * total)
        if step <= warmup:
            return step / warmup
        progress = (step - 1 - warmup) / max(total - warmup, 1)
        if self.kind == "cosine":
            return self.floor + (1 - self.floor) * (1 + cos(pi * progress)) / 2
        if self.kind == "step":
            return self.factor ** sum(progress >= drop for drop in self.drops)
        return 1.0
