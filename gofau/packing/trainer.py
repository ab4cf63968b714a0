"""The loop that trains a pack: admit, run an epoch, record, release, refill."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

import torch
from torch import Tensor

from gofau.packing.denormals import flushed_denormals
from gofau.packing.dropout import use_streams
from gofau.packing.errors import PlanError
from gofau.packing.executors import Batch, Groups, choose
from gofau.packing.initial import InitialDraws
from gofau.packing.optimizer import StackOptimizer
from gofau.packing.plan import PackPlan, TrialOutcome, TrialPlan
from gofau.packing.progress import Progress
from gofau.packing.stack import Stack
from gofau.packing.streams import epoch_order, stream_seed
from gofau.problems import problem

DEFAULT_WIDTH = 32
SYNC_EVERY = 32
REFILL_SHARE = 0.2


def run_pack(
    plan: PackPlan,
    *,
    on_progress: Callable[[int], None] | None = None,
    width: int = DEFAULT_WIDTH,
) -> Iterator[TrialOutcome]:
    """Train every trial of ``plan`` and yield each one's record when it ends.

    Args:
        plan: what to train.
        on_progress: called after each epoch of the stack with the trial-epochs it added.
        width: how many trials are stacked at once, >= 1; the others wait and refill the stack.

    Raises:
        PlanError: a plan whose trials cannot share a stack, or a batch larger than the data.
        UnsupportedError: the plan names an executor that cannot train its problem.
    """
    if width < 1:
        raise PlanError("width", width, ">= 1")
    yield from Trainer(plan, width, on_progress or (lambda _: None)).run()


class Trainer:
    """Trains the trials of one plan, at most ``width`` of them at a time."""

    def __init__(self, plan: PackPlan, width: int, on_progress: Callable[[int], None]) -> None:
        self.plan = plan
        self.width = width
        self._on_progress = on_progress
        self.problem = problem(plan.problem, plan.problem_parameters)
        self._like = torch.empty(0, dtype=getattr(torch, plan.dtype), device=plan.device)
        self._draws = InitialDraws(self.problem, self._like)
        template = self._template()
        self.executor, self.reason = choose(plan.executor, self.problem, template)
        data = self.problem.dataset().to(self._like.dtype, self._like.device)
        self.data = self.executor.prepare(data)
        self.batch = len(data.train_x) if self.problem.full_batch else plan.batch_size
        self.epoch_steps = len(data.train_x) // self.batch
        self.optimizer = StackOptimizer(plan, self.executor.layout)
        self._check()
        self.queue = deque(sorted(plan.trials, key=lambda t: (t.seed, t.key)))
        self.live: list[Progress] = []
        self.stack: Stack | None = None

    def run(self) -> Iterator[TrialOutcome]:
        """Train until the queue is empty, yielding records as trials end."""
        while True:
            started = perf_counter()
            with flushed_denormals():
                self.refill()
                if self.stack is None:
                    return
                self.epoch(self.stack)
            spent = (perf_counter() - started) / len(self.live)
            for progress in self.live:
                progress.wall_s += spent
            self._on_progress(len(self.live))
            yield from self._release()

    def _template(self) -> torch.nn.Module:
        # Its own module: executors switch its mode and call it with other parameters.
        with torch.random.fork_rng(devices=[]):
            template = self.problem.module().to(self._like.device, self._like.dtype)
        use_streams(template)
        return template

    def _check(self) -> None:
        if self.epoch_steps == 0:
            expected = f"at most {len(self.data.train_x)}, the training examples"
            raise PlanError("batch_size", self.plan.batch_size, expected)
        metrics = self.problem.entry.metrics
        if self.plan.goal_metric not in metrics:
            expected = f"a metric of {self.problem.name}: {', '.join(metrics)}"
            raise PlanError("goal_metric", self.plan.goal_metric, expected)

    def refill(self) -> None:
        """Start waiting trials once enough of the stack is free."""
        free = self.width - len(self.live)
        if not self.queue or free < REFILL_SHARE * self.width:
            return
        trials = [self.queue.popleft() for _ in range(min(free, len(self.queue)))]
        stack, progress = self._start(trials)
        self.stack = stack if self.stack is None else self.stack.join(stack)
        self.live += progress

    def _start(self, trials: Sequence[TrialPlan]) -> tuple[Stack, list[Progress]]:
        """Initial tensors of ``trials``, and their records with the values before training."""
        stack = Stack(
            blocks=self._draws.blocks(trials, self.executor.layout),
            buffers=self._draws.buffers(trials),
            direction=[],
            rule=[],
            hyper=self.optimizer.space.vectors(trials, self._like),
            factors=self._factors(trials),
            step=self._like.new_zeros(len(trials)),
        )
        self.optimizer.init(stack)
        frozen = self.optimizer.frozen_fraction(stack).tolist()
        losses = self.executor.losses(stack, self.data.train_x, self.data.train_y)
        before = self._rows(stack, losses)
        progress = [
            Progress(
                trial=trial,
                plan=self.plan,
                cap=self.problem.cap,
                epoch_steps=self.epoch_steps,
                frozen_fraction=share,
                curves={name: [value] for name, value in values.items()},
            )
            for trial, share, values in zip(trials, frozen, before, strict=True)
        ]
        return stack, progress

    def _factors(self, trials: Sequence[TrialPlan]) -> Tensor:
        total = self.plan.epochs * self.epoch_steps
        if all(trial.schedule.is_constant for trial in self.plan.trials):
            return self._like.new_empty(len(trials), 0)
        rows = [
            [trial.schedule.factor_at(t, total) for t in range(1, total + 1)] for trial in trials
        ]
        return self._like.new_tensor(rows)

    def epoch(self, stack: Stack) -> None:
        """Train every trial of the stack for one epoch, and record it."""
        groups = Groups.of([progress.stream for progress in self.live], stack.step.device)
        order = self._orders(groups)
        sums = stack.step.new_zeros(stack.size)
        done = torch.tensor([p.epoch * self.epoch_steps for p in self.live], device=sums.device)
        for step in range(self.epoch_steps):
            batch = self._batch(order, step, groups)
            losses, grads = self.executor.gradients(stack, batch)
            sums += losses
            factor = self._factor(stack, done + step)
            self.optimizer.step(stack, grads, factor, alive=None)
            if (step + 1) % SYNC_EVERY == 0 and not sums.isfinite().any():
                break
        self._record(stack, sums / self.epoch_steps)

    def _factor(self, stack: Stack, index: Tensor) -> Tensor | None:
        if stack.factors.shape[1] == 0:
            return None
        return stack.factors.gather(1, index.unsqueeze(1)).squeeze(1)

    def _batch(self, order: Tensor, step: int, groups: Groups) -> Batch:
        rows = order[:, step * self.batch : (step + 1) * self.batch]
        flat, shape = rows.flatten(), rows.shape
        x, y = self.data.train_x, self.data.train_y
        heads = (self.live[row.start] for row in groups.rows)
        noise = tuple(
            stream_seed(self.problem.name, p.trial.seed, "noise", p.epoch * self.epoch_steps + step)
            for p in heads
        )
        return Batch(
            x.index_select(0, flat).view(*shape, *x.shape[1:]),
            y.index_select(0, flat).view(*shape, *y.shape[1:]),
            groups,
            noise,
        )

    def _orders(self, groups: Groups) -> Tensor:
        """The order of this epoch's examples for each group, ``[G, N]``."""
        size = len(self.data.train_x)
        streams = [self.live[row.start].stream for row in groups.rows]
        orders = [epoch_order(self.problem.name, seed, epoch, size) for seed, epoch in streams]
        return torch.stack(orders).to(self._like.device)

    def _record(self, stack: Stack, train_loss: Tensor) -> None:
        finite = train_loss.isfinite()
        for block in stack.blocks:
            finite &= block.flatten(1).isfinite().all(1)
        flags = finite.tolist()
        for progress, values, flag in zip(
            self.live, self._rows(stack, train_loss), flags, strict=True
        ):
            progress.record(values, flag)

    def _rows(self, stack: Stack, train_loss: Tensor) -> list[dict[str, float]]:
        """Each trial's metrics as numbers, fetched from the device in one go."""
        measured = self.executor.measure(stack, self.data.val_x, self.data.val_y)
        columns = {**measured, "train_loss": train_loss}
        names = self.problem.entry.metrics
        table = torch.stack([columns[name] for name in names], 1).tolist()
        return [dict(zip(names, row, strict=True)) for row in table]

    def _release(self) -> Iterator[TrialOutcome]:
        """Yield the trials that ended, and close the gaps they leave in the stack."""
        ended = [p for p in self.live if p.outcome is not None]
        if ended and self.stack is not None:
            rows = [i for i, p in enumerate(self.live) if p.outcome is None]
            self.live = [self.live[i] for i in rows]
            self.stack = self.stack.take(rows) if rows else None
        for progress in ended:
            yield progress.result(self.executor.name, self.reason)
