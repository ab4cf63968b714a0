"""What a pack is asked to train, and what each of its trials comes back with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isnan
from numbers import Integral
from typing import Literal, get_args

from gofau.catalog import Scalar, metrics
from gofau.packing.plan.errors import PlanError
from gofau.packing.plan.gamma import Gamma
from gofau.packing.plan.halving import Halving
from gofau.packing.plan.rates import Schedule
from gofau.packing.plan.streams import stream

ExecutorName = Literal["auto", "compiled", "bmm", "vmap", "grouped", "serial"]
OutcomeName = Literal[
    "reached_target", "budget_exhausted", "diverged", "nonfinite", "stopped_early"
]
ZeroPolicy = Literal["leave", "additive"]
DTypeName = Literal["float32", "float64"]
AutocastName = Literal["none", "bfloat16"]
BackendName = Literal["auto", "eager", "inductor", "cudagraphs", "inductor+cudagraphs"]
MemoryFormatName = Literal["auto", "contiguous", "channels_last"]


@dataclass(frozen=True)
class TrialPlan:
    """One trial of a pack.

    Args:
        key: the caller's number for it, unique in the pack.
        seed: names its random streams; trials of one seed share initial draws and data order.
        init_scale: factor on the standard initialisation of every weight tensor, > 0.
        hyper: every hyperparameter of direction and rule, ``weight_decay`` and
            ``decoupled_decay``; numbers may differ between the trials of a pack, flags may not.
        schedule: how the rule's learning rates change over the steps.
        gamma: how the hybrid rule's γ changes over the epochs.
    """

    key: int
    seed: int
    init_scale: float
    hyper: Mapping[str, Scalar]
    schedule: Schedule = field(default_factory=Schedule)
    gamma: Gamma = field(default_factory=Gamma)

    def gamma_at(self, problem: str, epoch: int) -> float:
        """γ during ``epoch`` (from 0) of training ``problem``."""
        start = float(self.hyper["gamma"])
        return self.gamma.value(start, epoch, lambda e: stream(problem, self.seed, "gamma", e))

    def with_gamma(self, gamma: float) -> Mapping[str, Scalar]:
        """The hyperparameters with another γ."""
        return {**self.hyper, "gamma": gamma}


@dataclass(frozen=True)
class PackPlan:
    """Trials that share everything that changes shapes or code, trained as one stack.

    Args:
        problem: a name in `gofau.problems`, with its ``problem_parameters``.
        direction: a name in `gofau.directions`.
        rule: a name in `gofau.rules`.
        epochs: passes over the training data, >= 1.
        batch_size: examples a step, >= 1; an epoch drops the last, partial batch.
        trials: at least one.
        goal_metric: one of the problem's metrics.
        minimize: whether less of it is better; ``None`` for the metric's own direction.
        target: its value that counts as reached.
        stop_at_target: end a trial at the epoch that reaches the target.
        divergence_factor: how many times the larger of the loss before training and the
            problem's cap the training loss may be at the end; >= 1.
        zero_policy: what the rule does with tensors that start at exactly zero: ``leave`` them to
            the rule, or move them by the ``additive`` rule.
        dtype: of parameters, states and data.
        autocast: ``bfloat16`` runs forward passes under `torch.autocast`; parameters and updates
            stay in ``dtype``, which must be float32 then.
        device: a torch device.
        executor: how the stack is computed; ``auto`` chooses.
        backend: how torch runs it: op by op (``eager``), compiled by ``inductor``, recorded as
            ``cudagraphs`` on a GPU, or both. ``auto`` is what a calibration found to pay on a GPU,
            and eager otherwise.
        memory_format: of images and kernels; ``auto`` as for the backend, and contiguous otherwise.
        halving: stop the worse trials of the pack early.
        inputs: the digest of the data and the code that it depends on, see `gofau.fingerprint`;
            states of other ones are not gone on with. Found where it is needed and empty.
        code: the digest of that code alone, which calibrations depend on.
    """

    problem: str
    problem_parameters: Mapping[str, Scalar]
    direction: str
    rule: str
    epochs: int
    batch_size: int
    trials: tuple[TrialPlan, ...]
    goal_metric: str
    minimize: bool | None = None
    target: float | None = None
    stop_at_target: bool = False
    divergence_factor: float = 2.0
    zero_policy: ZeroPolicy = "leave"
    dtype: DTypeName = "float32"
    autocast: AutocastName = "none"
    device: str = "cpu"
    executor: ExecutorName = "auto"
    backend: BackendName = "auto"
    memory_format: MemoryFormatName = "auto"
    halving: Halving | None = None
    inputs: str = ""
    code: str = ""

    @property
    def judge(self) -> str:
        """The metric that decides a successive halving."""
        own = None if self.halving is None else self.halving.metric
        return self.goal_metric if own is None else own

    @property
    def judged_by(self) -> tuple[str, bool]:
        """The metric that decides a successive halving, and whether less of it is better."""
        if self.halving is None or self.halving.metric is None:
            return self.judge, self.lower_is_better
        return self.judge, _sense(self.judge, self.halving.minimize)

    @property
    def lower_is_better(self) -> bool:
        """Whether less of the goal metric is better."""
        return _sense(self.goal_metric, self.minimize)

    @property
    def casts(self) -> bool:
        """Whether forward passes run under `torch.autocast`."""
        return self.autocast != "none"

    @property
    def compiles(self) -> bool:
        """Whether torch's compiler makes the kernels."""
        return "inductor" in self.backend

    @property
    def cuda_graphs(self) -> bool:
        """Whether steps are recorded as CUDA graphs."""
        return "cudagraphs" in self.backend

    @property
    def channels_last(self) -> bool:
        """Whether images and kernels keep their channels innermost."""
        return self.memory_format == "channels_last"

    def __post_init__(self) -> None:
        _count("epochs", self.epochs)
        _count("batch_size", self.batch_size)
        _at_least("divergence_factor", self.divergence_factor, 1)
        _member("zero_policy", self.zero_policy, get_args(ZeroPolicy))
        _member("dtype", self.dtype, get_args(DTypeName))
        _member("executor", self.executor, get_args(ExecutorName))
        _member("autocast", self.autocast, get_args(AutocastName))
        _member("backend", self.backend, get_args(BackendName))
        _member("memory_format", self.memory_format, get_args(MemoryFormatName))
        if self.cuda_graphs and not self.device.startswith("cuda"):
            expected = f"auto, eager or inductor on {self.device}"
            raise PlanError("backend", self.backend, expected)
        if self.casts and self.dtype != "float32":
            raise PlanError("dtype", self.dtype, f"float32, since autocast is {self.autocast}")
        if self.target is not None and isnan(self.target):
            raise PlanError("target", self.target, "a number, or None for no target")
        if not self.trials:
            raise PlanError("trials", self.trials, "at least one trial")
        _unique_keys(self.trials)
        for trial in self.trials:
            if not 0 < trial.init_scale < inf:
                where = f"trials[key={trial.key}].init_scale"
                expected = "a finite number > 0"
                raise PlanError(where, trial.init_scale, expected, trial=trial.key)
            if not trial.gamma.is_constant and "gamma" not in trial.hyper:
                expected = f"constant, since the rule {self.rule} has no gamma"
                where, kind = f"trials[key={trial.key}].gamma", trial.gamma.kind
                raise PlanError(where, kind, expected, trial=trial.key)


@dataclass(frozen=True)
class TrialOutcome:
    """How one trial ended.

    Args:
        key: the plan's key.
        outcome: ``nonfinite`` if a training loss or a parameter was NaN or infinite, else
            ``diverged`` if the training loss ended above its bound, else ``reached_target`` if
            the goal met the target at the end of any epoch, else ``budget_exhausted``.
            ``stopped_early`` where successive halving ended it before any of these.
        metrics: every metric at the last epoch; NaN for a non-finite trial.
        best: the goal metric's best finite value, the one before training included.
        curves: per metric the value before training, then one value per epoch run.
        epochs_run: epochs trained, the one in which the trial ended included.
        steps: update steps of those epochs.
        steps_to_target: steps up to the end of the first epoch at the target, if any.
        frozen_fraction: share of parameters that the rule can never move.
        executor: what computed it.
        executor_reason: why that executor, where another was asked for or would be faster.
        wall_s: the trial's share of the pack's wall time, in seconds.
    """

    key: int
    outcome: OutcomeName
    metrics: dict[str, float]
    best: float
    curves: dict[str, list[float]]
    epochs_run: int
    steps: int
    steps_to_target: int | None
    frozen_fraction: float
    executor: str
    executor_reason: str
    wall_s: float


def _sense(metric: str, minimize: bool | None) -> bool:
    return metrics.get(metric, "goal_metric").minimize if minimize is None else minimize


def _count(name: str, value: object) -> None:
    if not isinstance(value, Integral) or not int(value) >= 1:
        raise PlanError(name, value, "an integer >= 1")


def _at_least(name: str, value: float, low: int) -> None:
    if not value >= low:
        raise PlanError(name, value, f">= {low}")


def _member(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise PlanError(name, value, f"one of {', '.join(allowed)}")


def _unique_keys(trials: tuple[TrialPlan, ...]) -> None:
    seen: set[int] = set()
    for trial in trials:
        if trial.key in seen:
            raise PlanError("trials", f"key {trial.key} twice", "unique keys")
        seen.add(trial.key)
