"""What a pack's trials run: problem, data, executor and optimizer, and one epoch of them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from math import nan

import torch
from torch import Tensor

from gofau.packing.executors import Batch, Demands, choose
from gofau.packing.executors.base import IMAGES
from gofau.packing.executors.examined import examined_module
from gofau.packing.executors.scoring import check_names
from gofau.packing.plan.errors import PlanError
from gofau.packing.plan.plan import PackPlan, TrialPlan
from gofau.packing.plan.rates import table
from gofau.packing.stack.alignment import aligned
from gofau.packing.stack.initial import InitialDraws
from gofau.packing.stack.progress import Progress
from gofau.packing.stack.running import RunningTrials
from gofau.packing.stack.stack import Stack
from gofau.packing.step.cuda_graph import CudaGraphSteps
from gofau.packing.step.epoch import Epoch, Epochs
from gofau.packing.step.optimizer import StackOptimizer
from gofau.problems import examples, problem

SYNC_EVERY = 32
"""Steps between looks at which trials are still finite, within an epoch."""

DROP_SHARE = 0.2
"""The share of a stack that must have died for it to be compacted within an epoch."""

MOST_REASON = 500
"""Characters of a record's reason."""


def shorten(text: str) -> str:
    """``text`` in at most `MOST_REASON` characters."""
    return text if len(text) <= MOST_REASON else text[: MOST_REASON - 1] + "…"


def finite_rows(block: Tensor) -> Tensor:
    """Which rows of ``[K, P]`` hold finite numbers only, ``[K]``.

    A finite sum has finite terms; only where a sum is not, every element is looked at.
    """
    finite = block.sum(1).isfinite()
    return finite if finite.all() else block.isfinite().all(1)


class Program:
    """Everything that the trials of one plan share."""

    def __init__(self, plan: PackPlan, fused: bool = True, why: str = "") -> None:
        self.plan = plan
        self.fused = fused
        """Whether kernels that this machine compiles may run."""
        self.problem = problem(plan.problem, plan.problem_parameters)
        self.like = torch.empty(0, dtype=getattr(torch, plan.dtype), device=plan.device)
        data = self.examples = examples(self.problem)
        """The data set as the problem gives it."""
        self._check_examples()
        self.module = examined_module(self.problem, plan, data, self.like)
        self.shows_images = data.train_x.dim() == IMAGES
        """Whether the inputs are images, ``[N, C, H, W]``."""
        if plan.channels_last and not self.shows_images:
            expected = f"contiguous, since the inputs of {plan.problem} are not [N, C, H, W]"
            raise PlanError("memory_format", plan.memory_format, expected)
        self.executor, self.why_not_others = choose(
            plan.executor,
            self.problem,
            self.module,
            data,
            kernels=fused,
            demands=Demands.of(plan),
        )
        if plan.compiles:
            self.executor.compile()
        self.reason = why or self.why_not_others
        moved = data.to(self.like.dtype, self.like.device)
        self.data = self.executor.prepare(aligned(moved))
        self.size = len(data.train_x)
        self.batch = self.size if self.problem.full_batch else plan.batch_size
        self.epoch_steps = self.size // self.batch
        self._check()
        self._epochs = Epochs(self.problem, self.data, self.batch)
        self._graph = CudaGraphSteps(self._advance) if plan.cuda_graphs else None
        self.optimizer = StackOptimizer(plan, self.executor.layout, self.like, fused)
        if fused and self.optimizer.reason:
            self.reason = "; ".join(filter(None, (self.reason, self.optimizer.reason)))
        self.reason = shorten(self.reason)
        self._draws = InitialDraws(self.problem, self.like)
        self._first: dict[tuple[int, float], dict[str, float]] = {}

    def start(self, trials: Sequence[TrialPlan]) -> RunningTrials:
        """``trials`` before their first step, with the values before training.

        The training loss among them is not known before the first step, and NaN until then.
        """
        stack = self._stack(trials)
        frozen = self.optimizer.frozen_fraction(stack).tolist()
        rows = self._first_rows(stack, trials)
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
        self._rows(running.stack, running.stack.step)

    def release(self) -> None:
        """Give back the device's memory that a captured step holds."""
        if self._graph is not None:
            self._graph.forget()

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

    def _check_examples(self) -> None:
        data = self.examples
        for part in ("train", "val"):
            x, y = getattr(data, f"{part}_x"), getattr(data, f"{part}_y")
            if not len(x) == len(y) > 0:
                got = f"{self.problem.name}, with {len(x)} {part}_x and {len(y)} {part}_y"
                raise PlanError("problem", got, "a target for each of one example or more")

    def _check(self) -> None:
        if self.epoch_steps == 0:
            expected = f"at most {self.size}, the training examples"
            raise PlanError("batch_size", self.plan.batch_size, expected)
        total = self.plan.epochs * self.epoch_steps
        for trial in self.plan.trials:
            if trial.schedule.warmup and not round(trial.schedule.warmup * total):
                where = f"trials[key={trial.key}].schedule.warmup"
                expected = f"a share that comes to one of the {total} steps or more, or 0"
                raise PlanError(where, trial.schedule.warmup, expected, trial=trial.key)
        metrics = self.problem.entry.metric_names
        wanted = {"halving.metric": self.plan.judge, "goal_metric": self.plan.goal_metric}
        for field, name in reversed(wanted.items()):
            if name not in metrics:
                expected = f"a metric of {self.problem.name}: {', '.join(metrics)}"
                raise PlanError(field, name, expected)

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
        finite = train_loss.isfinite()
        for block in running.stack.blocks:
            finite &= finite_rows(block.flatten(1))
        rows = self._rows(running.stack, train_loss)
        for progress, values, flag in zip(running.progress, rows, finite.tolist(), strict=True):
            progress.record(values, flag)

    def _first_rows(self, stack: Stack, trials: Sequence[TrialPlan]) -> list[dict[str, float]]:
        """The values before training: trials of one seed and init scale start as one network."""
        starts = [(trial.seed, trial.init_scale) for trial in trials]
        fresh = {start: k for k, start in enumerate(starts) if start not in self._first}
        if fresh:
            some = stack if len(fresh) == len(trials) else stack.take(list(fresh.values()))
            rows = self._rows(some, torch.full_like(some.step, nan))
            self._first.update(zip(fresh, rows, strict=True))
        return [self._first[start] for start in starts]

    def _rows(self, stack: Stack, train_loss: Tensor) -> list[dict[str, float]]:
        """Each trial's metrics as numbers, fetched from the device in one go."""
        with self._casting():
            measured = self.executor.measure(stack, self.data.val_x, self.data.val_y)
        check_names(self.problem, measured)
        columns = {**measured, "train_loss": train_loss}
        names = self.problem.entry.metric_names
        table = torch.stack([columns[name] for name in names], 1).tolist()
        return [dict(zip(names, row, strict=True)) for row in table]
