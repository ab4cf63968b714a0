"""The growing record of one trial, and how it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite, nan

from gofau.catalog import Scalar
from gofau.packing.plan.plan import OutcomeName, PackPlan, TrialOutcome, TrialPlan

HOPELESS = 1e4
"""A trial ends early once its training loss is this many times its divergence bound."""


@dataclass
class Progress:
    """What has been measured of a running trial.

    Args:
        trial: its plan.
        plan: the pack's.
        cap: the loss that a diverged trial of this problem counts as; infinite for none.
        epoch_steps: update steps of an epoch.
        frozen_fraction: share of its parameters that can never move.
        curves: per metric, the value before training and after each epoch.
        epoch: epochs done.
        outcome: set once the trial has ended.
        steps_to_target: steps done when the target was first met.
        wall_s: its share of the time spent so far.
    """

    trial: TrialPlan
    plan: PackPlan
    cap: float
    epoch_steps: int
    frozen_fraction: float
    curves: dict[str, list[float]]
    epoch: int = 0
    outcome: OutcomeName | None = None
    steps_to_target: int | None = None
    wall_s: float = field(default=0.0)

    @property
    def stream(self) -> tuple[int, int]:
        """What its data order depends on: trials with equal streams see equal batches."""
        return self.trial.seed, self.epoch

    @property
    def hyper(self) -> Mapping[str, Scalar]:
        """The hyperparameters of its next epoch."""
        trial = self.trial
        if trial.gamma.is_constant:
            return trial.hyper
        return trial.with_gamma(trial.gamma_at(self.plan.problem, self.epoch))

    @property
    def steps(self) -> int:
        """Update steps done."""
        return self.epoch * self.epoch_steps

    @property
    def bound(self) -> float:
        """The largest training loss that does not count as diverged."""
        before = self.curves["train_loss"][0]
        cap = self.cap if isfinite(self.cap) else before
        return self.plan.divergence_factor * max(before, cap)

    def record(self, values: Mapping[str, float], finite: bool) -> None:
        """Add an epoch's values, and decide whether the trial has ended with it."""
        self.epoch += 1
        finite = finite and isfinite(self.curves["train_loss"][0])
        for name, curve in self.curves.items():
            curve.append(values[name] if finite else nan)
        if self._at_target() and self.steps_to_target is None:
            self.steps_to_target = self.steps
        self.outcome = self._end(finite)

    def copied(self) -> "Progress":
        """The same record, to go on from here whatever becomes of this one."""
        return replace(self, curves={name: list(curve) for name, curve in self.curves.items()})

    def stop(self) -> None:
        """End a running trial here, before its budget is used up."""
        if self.outcome is None:
            self.outcome = "stopped_early"

    def result(self, executor: str, reason: str) -> TrialOutcome:
        """The finished record."""
        if self.outcome is None:
            raise RuntimeError(f"trial {self.trial.key} is still running at epoch {self.epoch}")
        return TrialOutcome(
            key=self.trial.key,
            outcome=self.outcome,
            metrics={name: curve[-1] for name, curve in self.curves.items()},
            best=self._best(),
            curves=self.curves,
            epochs_run=self.epoch,
            steps=self.steps,
            steps_to_target=self.steps_to_target,
            frozen_fraction=self.frozen_fraction,
            executor=executor,
            executor_reason=reason,
            wall_s=self.wall_s,
        )

    def _end(self, finite: bool) -> OutcomeName | None:
        loss, reached = self.curves["train_loss"][-1], self.steps_to_target is not None
        if not finite:
            return "nonfinite"
        if loss > HOPELESS * self.bound:
            return "diverged"
        stopped = reached and self.plan.stop_at_target
        if self.epoch < self.plan.epochs and not stopped:
            return None
        return self._final()

    def _final(self) -> OutcomeName:
        if self.curves["train_loss"][-1] > self.bound:
            return "diverged"
        return "budget_exhausted" if self.steps_to_target is None else "reached_target"

    def _at_target(self) -> bool:
        target, value = self.plan.target, self.curves[self.plan.goal_metric][-1]
        if target is None or not isfinite(value):
            return False
        return value <= target if self.plan.lower_is_better else value >= target

    def _best(self) -> float:
        values = [v for v in self.curves[self.plan.goal_metric] if isfinite(v)]
        if not values:
            return nan
        return min(values) if self.plan.lower_is_better else max(values)
