"""The loss of one rule over learning rate, init scale and seed: what every metric reads."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from typing import Any, cast

import numpy as np

from gofau import catalog
from gofau_studies.arrays import Bools, Codes, Floats
from gofau_studies.landscape.counting import counted
from gofau_studies.protocol.trials import Outcome

__all__ = [
    "AddedCells",
    "Bools",
    "Codes",
    "Floats",
    "GoalMetric",
    "GroupKey",
    "Landscape",
    "LandscapeError",
    "LandscapeKey",
    "OutcomeCode",
]

GroupKey = tuple[str, str]
Range = tuple[float, float]


class LandscapeError(ValueError):
    """Arrays or columns that don't describe a landscape: what, got, expected, remedy."""

    def __init__(self, what: str, got: object, expected: str) -> None:
        super().__init__(f"{what}: got {got}, expected {expected}")


class OutcomeCode(IntEnum):
    """How a trial ended; `MISSING` is a trial without a result (yet)."""

    MISSING = 0
    REACHED_TARGET = 1
    BUDGET_EXHAUSTED = 2
    DIVERGED = 3
    NONFINITE = 4

    @classmethod
    def named(cls, name: str) -> "OutcomeCode":
        """The outcome of that lower-case name; one without a code has that of its like.

        A map asks no more than whether a trial was lost or reached its target.
        """
        if name.upper() in cls.__members__:
            return cls[name.upper()]
        if name in set(Outcome):
            return cls.DIVERGED if Outcome(name).lost else cls.BUDGET_EXHAUSTED
        known = ", ".join(o.name.lower() for o in cls)
        raise LandscapeError("outcome", repr(name), f"one of: {known}")


_OF_METRIC: Any = None
"""What a goal leaves to the catalog's metric; none is left once the goal is made."""


@dataclass(frozen=True)
class GoalMetric:
    """What is optimised: a metric's name, its sense and the value that counts as success.

    ``minimize`` and ``unit`` are those of the catalog's metric, unless they are given.
    ``tolerance`` is how much worse than the best still counts as good, in the metric's unit.

    Raises:
        LandscapeError: no ``minimize`` for a metric that the catalog does not have.
    """

    metric: str
    minimize: bool = _OF_METRIC
    target: float | None = None
    tolerance: float | None = None
    unit: str = _OF_METRIC

    def __post_init__(self) -> None:
        entry = catalog.metrics.entries.get(self.metric)
        if cast("bool | None", self.minimize) is None:
            if entry is None:
                expected = "minimize=True or minimize=False, since the catalog has no such metric"
                raise LandscapeError(f"minimize of {self.metric}", None, expected)
            object.__setattr__(self, "minimize", entry.minimize)
        if cast("str | None", self.unit) is None:
            object.__setattr__(self, "unit", "" if entry is None else entry.unit)

    @property
    def shown_unit(self) -> str:
        """The unit of the metric's numbers, its name where it has none."""
        return self.unit or self.metric

    @property
    def sign(self) -> float:
        """Factor that turns the metric into a cost, where smaller is better."""
        return 1.0 if self.minimize else -1.0


@dataclass(frozen=True, order=True)
class LandscapeKey:
    """Which landscape of a study: problem, direction, rule."""

    problem: str
    direction: str
    rule: str

    def __str__(self) -> str:
        return f"{self.problem}, {self.direction}, {self.rule}"

    @property
    def group(self) -> GroupKey:
        """Problem and direction, whose rules are compared."""
        return self.problem, self.direction


@dataclass(frozen=True, eq=False)
class AddedCells:
    """Cells beside a landscape's grid, where a refinement looked closer.

    Args:
        lr: ``[A]`` learning rates, > 0.
        init_scale: ``[A]`` init scales, > 0.
        loss: ``[A, S]`` goal metric, NaN where there is none.
        outcome: ``[A, S]`` codes of `OutcomeCode`.
    """

    lr: Floats
    init_scale: Floats
    loss: Floats
    outcome: Codes

    def with_seeds(self, at: list[int]) -> "AddedCells":
        """The same cells restricted to the seeds at these places."""
        return replace(self, loss=self.loss[:, at], outcome=self.outcome[:, at])


@dataclass(frozen=True, eq=False)
class Landscape:
    """Results of one (problem, direction, rule) on a grid of learning rates and init scales.

    Args:
        key: problem, direction and rule.
        goal: the metric that ``loss`` holds.
        lr: ``[L]`` learning rates, > 0, ascending.
        init_scale: ``[I]`` init scales, > 0, ascending.
        seeds: ``[S]`` distinct seeds.
        loss: ``[L, I, S]`` goal metric in its own unit; NaN where there is none.
        outcome: ``[L, I, S]`` codes of `OutcomeCode`.
        cap: the value that a diverged trial counts as, finite, in the goal metric's unit: an
            upper bound of a loss (ln K for K classes), a lower bound of a score.
        steps_to_target: ``[L, I, S]`` steps until the target, ``inf`` when never.
        frozen_fraction: ``[L, I, S]`` share of parameters that the rule cannot move.
        added: cells off the grid; basins and their best cost take them in, other metrics do not.
        repeated: seeds that were left out, since their results are those of one of ``seeds``.
        lr_range: what the learning rates stand for, where they are centres of bins; else ``None``.
        init_range: the same of the init scales.

    Raises:
        LandscapeError: shapes disagree, an axis isn't ascending and positive, the cap isn't
            finite, or a loss and its outcome contradict each other.
    """

    key: LandscapeKey
    goal: GoalMetric
    lr: Floats
    init_scale: Floats
    seeds: tuple[int, ...]
    loss: Floats
    outcome: Codes
    cap: float
    steps_to_target: Floats | None = None
    frozen_fraction: Floats | None = None
    added: AddedCells | None = None
    repeated: tuple[int, ...] = ()
    lr_range: Range | None = None
    init_range: Range | None = None

    def __post_init__(self) -> None:
        _check_axis("lr", self.lr)
        _check_axis("init_scale", self.init_scale)
        if not self.seeds or len(set(self.seeds)) != len(self.seeds):
            raise LandscapeError("seeds", self.seeds, "at least one seed, each once")
        for name in ("loss", "outcome", "steps_to_target", "frozen_fraction"):
            array = getattr(self, name)
            if array is not None and array.shape != self.shape:
                raise LandscapeError(f"{name} shape", array.shape, f"{self.shape} (lr, init, seed)")
        if not np.isfinite(self.cap):
            raise LandscapeError("cap", self.cap, "a finite value of a diverged trial's loss")
        self._check_outcomes()

    def _check_outcomes(self) -> None:
        if not np.isin(self.outcome, [int(o) for o in OutcomeCode]).all():
            raise LandscapeError("outcome", np.unique(self.outcome).tolist(), "codes 0 to 4")
        if (np.isfinite(self.loss) & ~self.present).any():
            raise LandscapeError("loss", "a value whose outcome is missing", "NaN there")
        if (np.isnan(self.loss) & self.present & ~self.diverged).any():
            raise LandscapeError("loss", "NaN with a finite outcome", "a value, or missing")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Counts of learning rates, init scales and seeds."""
        return len(self.lr), len(self.init_scale), len(self.seeds)

    @cached_property
    def present(self) -> Bools:
        """``[L, I, S]`` trials that have a result."""
        return np.asarray(self.outcome != OutcomeCode.MISSING)

    @cached_property
    def diverged(self) -> Bools:
        """``[L, I, S]`` trials that diverged or ended non-finite."""
        return np.asarray(
            (self.outcome == OutcomeCode.DIVERGED) | (self.outcome == OutcomeCode.NONFINITE)
        )

    @property
    def cost_cap(self) -> float:
        """The cap as a cost, where smaller is better."""
        return self.goal.sign * self.cap

    @cached_property
    def cost(self) -> Floats:
        """``[L, I, S]`` min(loss, cap) as a cost; the cap where diverged; NaN where missing."""
        return self._capped(self.loss, self.outcome)

    @cached_property
    def added_cost(self) -> Floats:
        """``[A, S]`` the same of the added cells, of which there may be none."""
        if self.added is None:
            return np.empty((0, len(self.seeds)))
        return self._capped(self.added.loss, self.added.outcome)

    def _capped(self, loss: Floats, outcome: Codes) -> Floats:
        return self.goal.sign * counted(
            loss,
            ended=np.asarray(outcome != OutcomeCode.MISSING),
            diverged=np.isin(outcome, [OutcomeCode.DIVERGED, OutcomeCode.NONFINITE]),
            cap=self.cap,
            minimize=self.goal.minimize,
        )

    def renamed(self, rule: str) -> "Landscape":
        """The same landscape under another rule label."""
        return replace(self, key=replace(self.key, rule=rule))

    def with_seeds(self, seeds: Iterable[int]) -> "Landscape":
        """The same landscape restricted to ``seeds``, in that order."""
        wanted = tuple(seeds)
        at = [self.seeds.index(seed) for seed in wanted]

        def take(array: Floats | None) -> Floats | None:
            return None if array is None else array[:, :, at]

        return replace(
            self,
            seeds=wanted,
            loss=self.loss[:, :, at],
            outcome=self.outcome[:, :, at],
            steps_to_target=take(self.steps_to_target),
            frozen_fraction=take(self.frozen_fraction),
            added=None if self.added is None else self.added.with_seeds(at),
        )


def _check_axis(name: str, values: Floats) -> None:
    ascending = values.ndim == 1 and values.size > 0 and bool((np.diff(values) > 0).all())
    if not ascending or not np.isfinite(values).all() or values[0] <= 0:
        raise LandscapeError(name, np.asarray(values).tolist(), "ascending finite values > 0")
