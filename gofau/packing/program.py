"""What a pack's trials run: problem, data, executor and optimizer, and one epoch of them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from gofau.packing.executors import Batch, Demands, Executor, choose
from gofau.packing.executors.examined import Examined, examined
from gofau.packing.plan.checks import check_fit
from gofau.packing.plan.plan import PackPlan, TrialPlan
from gofau.packing.plan.rates import table
from gofau.packing.stack.initial import InitialDraws
from gofau.packing.stack.progress import Progress
from gofau.packing.stack.running import RunningTrials
from gofau.packing.stack.stack import Stack
from gofau.packing.step.cuda_graph import CudaGraphSteps
from gofau.packing.step.epoch import Epoch, Epochs
from gofau.packing.step.evaluation import Evaluation, finite_trials
from gofau.packing.step.optimizer import StackOptimizer

SYNC_EVERY = 32
"""Steps between looks at which trials are still finite, within an epoch."""

DROP_SHARE = 0.2
"""The share of a stack that must have died for it to be compacted within an epoch."""

MOST_REASON = 500
"""Characters of a record's reason."""


class Program:
    """Everything that the trials of one plan share.

    Args:
        plan: what to train.
        fused: whether kernels that this machine compiles may run.
        subject: the plan's problem, if it has been looked at already; else it is looked at now.

    Raises:
        PlanError: a plan that cannot be run as written, see also `examined`.
        ExecutorError: the plan names an executor that cannot train its problem.
    """

    def __init__(self, plan: PackPlan, fused: bool = True, subject: Examined | None = None) -> None:
        self.plan = plan
        self.examined = subject or examined(plan)
        self.problem = self.examined.problem
        self.like = self.examined.like
        demands = Demands.of(plan)
        kind, self.why_not_others = choose(plan.executor, self.examined, demands, kernels=fused)
        self.executor: Executor = kind(self.problem, self.examined.module)
        self.executor.channels_last = plan.channels_last
        if plan.compiles:
            self.executor.compile()
        self.data = self.executor.prepare(self.examined.data)
        size = len(self.data.train_x)
        self.batch = size if self.problem.full_batch else plan.batch_size
        self.epoch_steps = size // self.batch
        check_fit(plan, self.problem.entry.metric_names, size, self.epoch_steps)
        self._epochs = Epochs(self.problem, self.data, self.batch)
        self._graph = CudaGraphSteps(self._advance) if plan.cuda_graphs else None
        self.optimizer = StackOptimizer(plan, self.executor.layout, self.like, fused)
        self._why_unfused = self.optimizer.reason if fused else ""
        self.forget()

    def reason(self, why: str = "") -> str:
        """Why this executor trains, and why no fused steps do, in at most `MOST_REASON` characters.

        Args:
            why: what is said of the executor instead of why not the others.
        """
        text = "; ".join(filter(None, (why or self.why_not_others, self._why_unfused)))
        return text if len(text) <= MOST_REASON else text[: MOST_REASON - 1] + "…"

    def start(self, trials: Sequence[TrialPlan]) -> RunningTrials:
        """``trials`` before their first step, with the values before training.

        The training loss among them is not known before the first step, and NaN until then.
        """
        stack = self._stack(trials)
        frozen = self.optimizer.frozen_fraction(stack).tolist()
        with self._casting():
            rows = self._evaluation.first_rows(stack, trials)
        return RunningTrials(
            stack,
            [
                self._progress(trial, share, values)
                for trial, share, values in zip(trials, frozen, rows, strict=True)
            ],
        )

    def refitted(self, stack: Stack, trials: Sequence[TrialPlan]) -> Stack | None:
        """A stack of the same trials from another program's run, made to fit this one.

        Returns:
            Its parameters and states with the hyperparameters of this plan, or ``None`` where the
            other program kept them in another form.
        """
        if stack.form != self._stack(trials[:1]).form:
            return None
        hyper = self.optimizer.vectors(trials, self.like)
        return replace(stack, hyper=hyper, factors=self._factors(trials))

    def epoch(self, running: RunningTrials) -> tuple[RunningTrials | None, list[Progress]]:
        """Train every trial of ``running`` for one epoch.

        No row of a stack reads another, so a trial that turns non-finite runs on harmlessly; once
        more than `DROP_SHARE` of them are dead, the rest goes on in a smaller stack.

        Returns:
            tuple: the trials with the epoch recorded (``None`` if all trials died), and the
            records of the trials that were dropped on the way.
        """
        dropped: list[Progress] = []
        epoch = self._begin(running)
        sums = running.stack.step.new_zeros(len(running))
        for step in range(self.epoch_steps):
            losses = self._step(running, epoch, step)
            if step == 0 and any(p.epoch == 0 for p in running.progress):
                self._note_start(running, losses)
            sums += losses
            if (step + 1) % SYNC_EVERY or step + 1 == self.epoch_steps:
                continue
            alive = sums.isfinite().tolist()
            if alive.count(False) > DROP_SHARE * len(running):
                dropped += [p for p, ok in zip(running.progress, alive, strict=True) if not ok]
                rows = [i for i, ok in enumerate(alive) if ok]
                if not rows:
                    return None, self._record_nonfinite(dropped)
                running, sums = running.take(rows), sums[rows]
                epoch = self._begin(running)
        self._record(running, sums / self.epoch_steps)
        return running, self._record_nonfinite(dropped)

    def steps(self, running: RunningTrials, count: int) -> None:
        """Train ``running`` for the first ``count`` steps of an epoch, recording nothing."""
        count = min(count, self.epoch_steps)
        epoch = self._begin(running, count)
        for step in range(count):
            self._step(running, epoch, step)

    def evaluate(self, running: RunningTrials) -> None:
        """Measure ``running`` as at the end of an epoch, recording nothing."""
        with self._casting():
            self._evaluation.rows(running.stack, running.stack.step)

    def release(self) -> None:
        """Give back the device's memory that a captured step holds."""
        if self._graph is not None:
            self._graph.forget()

    def forget(self) -> None:
        """Drop what trials have left, so that others train as in a program just built."""
        self.release()
        self.executor.forget()
        self._draws = InitialDraws(self.problem, self.like)
        self._evaluation = Evaluation(self.executor, self.data)

    def _stack(self, trials: Sequence[TrialPlan]) -> Stack:
        """The tensors of ``trials`` before their first step."""
        stack = Stack(
            blocks=self._draws.blocks(trials, self.executor.layout),
            buffers=self._draws.buffers(trials),
            direction=[],
            rule=[],
            hyper=self.optimizer.vectors(trials, self.like),
            factors=self._factors(trials),
            step=self.like.new_zeros(len(trials)),
        )
        self.optimizer.init(stack)
        return stack

    def _note_start(self, running: RunningTrials, losses: Tensor) -> None:
        """Let the losses ``[K]`` of the first step be those before training.

        Training mode gives a batch norm the statistics of its batch. In evaluation mode it would
        divide by those it starts with, and the loss would grow with the init scale to the power of
        the depth.
        """
        for progress, loss in zip(running.progress, losses.tolist(), strict=True):
            if progress.epoch == 0:
                progress.curves["train_loss"][0] = loss

    def _step(self, running: RunningTrials, epoch: Epoch, step: int) -> Tensor:
        """One update of every trial; returns the losses before it, ``[K]``."""
        batch = self.executor.drawn(self._epochs.batch(epoch, step))
        factor = self._factor(running, step)
        if epoch.fused is None:
            advance = self._advance if self._graph is None else self._graph.step
            return advance(running.stack, batch, factor)
        with self._casting():
            loose = self.executor.gradients_by_trial(running.stack, batch)
            losses, ready = loose or self.executor.gradients(running.stack, batch)
        self.optimizer.fused_step(running.stack, ready, epoch.fused, step, factor)
        return losses

    def _advance(self, stack: Stack, batch: Batch, factor: Tensor | None) -> Tensor:
        """One update by torch's operations; returns the losses before it, ``[K]``."""
        with self._casting():
            losses, grads = self.executor.gradients(stack, batch)
        self.optimizer.step(stack, grads, factor)
        return losses

    def _casting(self) -> AbstractContextManager[object]:
        if not self.plan.casts:
            return nullcontext()
        # A captured step must not read the copies of parameters that an earlier one cached.
        cached = not self.plan.cuda_graphs
        return torch.autocast(self.like.device.type, torch.bfloat16, cache_enabled=cached)

    def _progress(self, trial: TrialPlan, frozen: float, values: dict[str, float]) -> Progress:
        return Progress(
            trial=trial,
            plan=self.plan,
            cap=self.problem.cap,
            epoch_steps=self.epoch_steps,
            frozen_fraction=frozen,
            curves={name: [value] for name, value in values.items()},
        )

    def _factors(self, trials: Sequence[TrialPlan]) -> Tensor:
        total = self.plan.epochs * self.epoch_steps
        if all(trial.schedule.is_constant for trial in self.plan.trials):
            return self.like.new_empty(len(trials), 0)
        return torch.from_numpy(table([trial.schedule for trial in trials], total)).to(self.like)

    def _factor(self, running: RunningTrials, step: int) -> Tensor | None:
        if running.stack.factors.shape[1] == 0:
            return None
        done = [p.epoch * self.epoch_steps + step for p in running.progress]
        index = torch.tensor(done, device=self.like.device).unsqueeze(1)
        return running.stack.factors.gather(1, index).squeeze(1)

    def _begin(self, running: RunningTrials, steps: int | None = None) -> Epoch:
        return self._epochs.plan(running, self.optimizer.begin(running), steps)

    def _record_nonfinite(self, dropped: list[Progress]) -> list[Progress]:
        for progress in dropped:
            progress.record({}, finite=False)
        return dropped

    def _record(self, running: RunningTrials, train_loss: Tensor) -> None:
        finite = finite_trials(running.stack, train_loss)
        with self._casting():
            rows = self._evaluation.rows(running.stack, train_loss)
        for progress, values, flag in zip(running.progress, rows, finite.tolist(), strict=True):
            progress.record(values, flag)


class Programs:
    """The programs of one run: each way to train is built once, however often it is asked for.

    So what a calibration measures is what then trains.

    Args:
        plan: what to train.
        fused: as for `Program`.
    """

    def __init__(self, plan: PackPlan, fused: bool = True) -> None:
        self.plan = plan
        self.fused = fused
        self._built: list[Program] = []

    @cached_property
    def examined(self) -> Examined:
        """What all of them train."""
        return examined(self.plan)

    def of(self, plan: PackPlan) -> Program:
        """The program of ``plan``: this run's, but for its trials and how they are computed."""
        for program in self._built:
            if program.plan == plan:
                return program
        self._built.append(Program(plan, self.fused, self.examined))
        return self._built[-1]

    def take(self, plan: PackPlan) -> Program:
        """As `of`; the others are forgotten, and the examples but for what this one reads."""
        self._built = [self.of(plan)]
        # Where an executor reads them in a form of its own, the device would hold them twice.
        vars(self.examined).pop("data", None)
        return self._built[0]
