"""Successive halving inside a pack: most trials stop early, the best train on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite

from gofau.packing.plan.errors import PlanError


@dataclass(frozen=True)
class Halving:
    """Asynchronous successive halving with rungs at first·factorʲ epochs, j = 0, 1, ...

    A trial that comes to a rung trains on if its metric is among the best 1/factor of those that
    have come to it so far. Whether a trial stops thus depends on the others of its pack: this is
    the one option under which a record is not the trial's own. What it measures until then is.

    Args:
        first: epochs before the first decision, >= 1.
        factor: one in so many trains on, >= 2.
        rungs: how many decisions there are, >= 1; ``None`` for no bound.
        metric: what decides, one of the problem's metrics; ``None`` for the plan's goal.
        minimize: whether less of ``metric`` is better; ``None`` for the metric's own direction,
            and of the plan's goal, the plan says so.

    Source: Li, Jamieson, Rostamizadeh, Gonina, Hardt, Recht, Talwalkar, arXiv 1810.05934.
    """

    first: int
    factor: int = 3
    rungs: int | None = None
    metric: str | None = None
    minimize: bool | None = None

    def __post_init__(self) -> None:
        if self.first < 1:
            raise PlanError("halving.first", self.first, ">= 1")
        if self.factor < 2:
            raise PlanError("halving.factor", self.factor, ">= 2")
        if self.rungs is not None and self.rungs < 1:
            raise PlanError("halving.rungs", self.rungs, ">= 1")

    def is_rung(self, epoch: int) -> bool:
        """Whether a decision falls due after so many epochs."""
        rung, number = self.first, 1
        while rung < epoch:
            rung, number = rung * self.factor, number + 1
        return rung == epoch and (self.rungs is None or number <= self.rungs)


class Rungs:
    """The values that trials brought to each rung."""

    def __init__(self, halving: Halving, minimize: bool) -> None:
        self._halving = halving
        self._sign = 1.0 if minimize else -1.0
        self._costs: dict[int, list[float]] = {}

    def recall(self, curves: Iterable[Sequence[float]]) -> None:
        """Enter trials trained earlier, by their metric's curves (index 0: before training)."""
        for curve in curves:
            for epoch in range(1, len(curve)):
                self._enter(epoch, curve[epoch])

    def judge(self, arrived: Mapping[int, tuple[int, float]]) -> set[int]:
        """Which trials stop, of those that finished an epoch together.

        Args:
            arrived: each trial's epochs done and metric, by any key of the caller's.
        """
        for epoch, value in arrived.values():
            self._enter(epoch, value)
        return {
            key
            for key, (epoch, value) in arrived.items()
            if self._halving.is_rung(epoch) and not self._among_best(epoch, value)
        }

    def _enter(self, epoch: int, value: float) -> None:
        if self._halving.is_rung(epoch):
            self._costs.setdefault(epoch, []).append(self._cost(value))

    def _among_best(self, epoch: int, value: float) -> bool:
        costs = sorted(self._costs[epoch])
        return self._cost(value) <= costs[ceil(len(costs) / self._halving.factor) - 1]

    def _cost(self, value: float) -> float:
        return self._sign * value if isfinite(value) else inf
