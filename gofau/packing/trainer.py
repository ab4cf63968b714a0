"""The loop that trains a pack: refill, run an epoch, release what ended, go on."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path
from time import perf_counter

import torch

from gofau.packing.calibration.folder import calibrated
from gofau.packing.executors.denormals import flushed_denormals
from gofau.packing.plan.errors import CheckpointError, PlanError
from gofau.packing.plan.halving import Rungs
from gofau.packing.plan.identity import identified
from gofau.packing.plan.plan import PackPlan, TrialOutcome
from gofau.packing.program import Program, Programs
from gofau.packing.recovery.checkpoint import Checkpointing, Snapshot
from gofau.packing.recovery.left_behind import LeftBehind, remove_complete, resumed, runs, taken_up
from gofau.packing.stack.progress import Progress
from gofau.packing.stack.running import RunningTrials, join_all

log = logging.getLogger(__name__)

DEFAULT_WIDTH = 32
REFILL_SHARE = 0.2
CPU = torch.device("cpu")

OnProgress = Callable[[int], None]


def run_pack(
    plan: PackPlan,
    *,
    on_progress: OnProgress | None = None,
    width: int | None = None,
    calibration: Path | None = None,
    checkpoint: Checkpointing | None = None,
    fused: bool = True,
) -> Iterator[TrialOutcome]:
    """Train every trial of ``plan`` and yield each one's record when it ends.

    Args:
        plan: what to train.
        on_progress: called after each epoch of the stack with the trial-epochs it added.
        width: how many trials are stacked at once, >= 1; the others wait and refill the stack.
            By default what the calibration says, or `DEFAULT_WIDTH` without one.
        calibration: a folder in which the best executor and width are looked up, and kept once
            they have been measured.
        checkpoint: where to keep the state, and how often. One that cannot be written is logged,
            and the training goes on. A run that finds a checkpoint of the same plan goes on from
            it: it first yields again what had ended by then. One that recovers goes on with each
            trial that any checkpoint in the folder has. States that other data, other code or
            another gofau left are not gone on with.
        fused: let compiled kernels take the optimizer's steps, and the passes of multilayer
            perceptrons, where this machine has a compiler and there is such a kernel; else, and
            with ``False``, torch's operations do.

    Raises:
        PlanError: a plan whose trials cannot share a stack, or a batch larger than the data.
        ExecutorError: the plan names an executor that cannot train its problem.
        CheckpointError: the file at the checkpoint's path belongs to another plan.
    """
    if width is not None and width < 1:
        raise PlanError("width", width, ">= 1")
    why = ""
    if calibration is not None or checkpoint is not None:
        plan = identified(plan)
    programs = Programs(plan, fused)
    if calibration is not None:
        found = calibrated(programs, calibration)
        plan, why = found.applied(plan), found.reason
        width = width or found.width
    wanted = {trial.key for trial in plan.trials}
    for one in runs(plan, checkpoint):
        trainer = Trainer(
            programs.take(one.plan),
            width or DEFAULT_WIDTH,
            on_progress=on_progress,
            checkpoint=one.checkpoint,
            why=why,
            left=one.left,
        )
        for outcome in trainer.run():
            if outcome.key in wanted:
                yield outcome
        trainer.clean(wanted)


class Trainer:
    """Trains the trials of one plan, at most ``width`` of them at a time.

    Args:
        program: what its trials share.
        width: the most trials in training; halved when the device runs out of memory.
        on_progress: see `run_pack`.
        checkpoint: see `run_pack`.
        why: why the plan names the executor it names, for the records.
        guarded: keep a copy of the stack in the host's memory during each epoch, to go on from
            when the device's memory runs out; by default on accelerators.
        left: what other packs left of the plan's trials, if the checkpoint recovers.
    """

    def __init__(
        self,
        program: Program,
        width: int,
        *,
        on_progress: OnProgress | None = None,
        checkpoint: Checkpointing | None = None,
        why: str = "",
        guarded: bool | None = None,
        left: Sequence[LeftBehind] = (),
    ) -> None:
        self.plan = plan = program.plan
        self.width = width
        self.program = program
        self._reason = program.reason(why)
        self.waiting = deque(sorted(plan.trials, key=lambda t: (t.seed, t.key)))
        self.running: RunningTrials | None = None
        self.paused: deque[RunningTrials] = deque()
        self._on_progress = on_progress or (lambda _: None)
        self._checkpoint = checkpoint
        self._left = left
        self._device = self.program.like.device
        self._guarded = self._device != CPU if guarded is None else guarded
        self._finished: list[TrialOutcome] = []
        self._judge, minimize = plan.judged_by
        self._rungs = None if plan.halving is None else Rungs(plan.halving, minimize)

    def run(self) -> Iterator[TrialOutcome]:
        """Train until no trial is left, yielding records as trials end."""
        found = self._found()
        if found is not None:
            self._resume(found)
            yield from found.finished
        elif self._rungs is not None:
            # Whoever goes on with some of the trials must know whom they compete with.
            self._save()
        epochs = 0
        while self.refill() is not None:
            ended = self._release(self.advance())
            epochs += 1
            # A decision is kept before anybody hears of it, so that no other can follow.
            if self._is_due(epochs) or any(o.outcome == "stopped_early" for o in ended):
                self._save()
            yield from ended

    def clean(self, wanted: Set[int]) -> None:
        """Remove what a complete run has left on the disk, once its records are in safety.

        The records of trials that competed with those ``wanted`` stay, since others may ask for
        them.
        """
        if self._checkpoint is None:
            return
        if self._rungs is not None and not {trial.key for trial in self.plan.trials} <= wanted:
            self._save()
            return
        self._checkpoint.clear()
        remove_complete(wanted, self._left)

    def refill(self) -> RunningTrials | None:
        """Let paused and then waiting trials into the stack, once enough of it is free.

        When the device runs out of memory, those that were entering wait, and the stack goes on.
        """
        held = [] if self.running is None else [self.running]
        free = self.width - sum(map(len, held))
        if free < REFILL_SHARE * self.width:
            return self.running
        entering: list[RunningTrials] = []
        try:
            with flushed_denormals():
                self._enter(entering, free)
                self.running = join_all([*held, *entering])
        except torch.OutOfMemoryError:
            asked = sum(map(len, entering or list(self.paused)[:1]))
            if not held and not entering and asked < 2:
                raise
            width = len(held[0]) if held else max(asked // 2, 1)
            self._narrow([running.copy(CPU) for running in entering], width)
            return self.running if held else self.refill()
        return self.running

    def _enter(self, entering: list[RunningTrials], free: int) -> None:
        """Move paused trials, and start waiting ones, into ``entering``, at most ``free``."""
        while self.paused and len(self.paused[0]) <= free:
            entering.append(self.paused[0].copy(self._device))
            free -= len(self.paused.popleft())
        if not self.paused and self.waiting and free:
            entering.append(self._start(min(free, len(self.waiting))))

    def advance(self) -> list[Progress]:
        """Train the stack for an epoch; returns the trials that were dropped on the way.

        When the device runs out of memory, the stack goes back to where the epoch began, in two
        halves that run one after the other.
        """
        if self.running is None:
            return []
        running, started = self.running, perf_counter()
        saved = running.copy(CPU) if self._guarded else None
        trained = list(running.progress)
        try:
            with flushed_denormals():
                self.running, dropped = self.program.epoch(running)
        except torch.OutOfMemoryError:
            if saved is None or len(saved) == 1:
                raise
            self.running = None
            self._narrow([saved], (len(saved) + 1) // 2)
            return []
        _charge(trained, started)
        self._on_progress(len(trained))
        return dropped

    def _start(self, count: int) -> RunningTrials:
        """The next ``count`` waiting trials, or half as many if memory runs out."""
        started = perf_counter()
        try:
            running = self.program.start([self.waiting[i] for i in range(count)])
        except torch.OutOfMemoryError:
            if count == 1:
                raise
            self.width = max(self.width // 2, 1)
            return self._start((count + 1) // 2)
        for _ in range(count):
            self.waiting.popleft()
        _charge(running.progress, started)
        return running

    def _narrow(self, parts: Sequence[RunningTrials], width: int) -> None:
        """Set ``parts`` in the host's memory aside, and let at most ``width`` trials train."""
        self.program.release()
        self.width = width
        whole = [*parts, *self.paused]
        self.paused = deque(part for running in whole for part in running.split(width))
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _release(self, dropped: list[Progress]) -> list[TrialOutcome]:
        """The records of trials that ended; closes the gaps they leave in the stack."""
        ended = list(dropped)
        self._stop_halved(ended)
        if self.running is not None:
            left = [i for i, p in enumerate(self.running.progress) if p.outcome is None]
            ended += [p for p in self.running.progress if p.outcome is not None]
            if len(left) < len(self.running):
                self._shrink(self.running, left)
        outcomes = [p.result(self.program.executor.name, self._reason) for p in ended]
        if self._checkpoint is not None:
            self._finished += outcomes
        return outcomes

    def _shrink(self, running: RunningTrials, left: Sequence[int]) -> None:
        """Keep the rows ``left`` of the stack, by way of the host where its copy has no room."""
        try:
            self.running = running.take(left) if left else None
        except torch.OutOfMemoryError:
            self.running = None
            self._narrow([running.copy(CPU).take(left)], self.width)

    def _stop_halved(self, dropped: list[Progress]) -> None:
        """Stop what successive halving stops of the trials that finished an epoch."""
        if self._rungs is None:
            return
        trained = [*dropped, *([] if self.running is None else self.running.progress)]
        arrived = {i: (p.epoch, p.curves[self._judge][-1]) for i, p in enumerate(trained)}
        for i in self._rungs.judge(arrived):
            trained[i].stop()

    def _recall(self, found: Snapshot) -> None:
        if self._rungs is None:
            return
        self._rungs.recall(outcome.curves[self._judge] for outcome in found.finished)
        parts = [*found.paused, *([] if found.running is None else [found.running])]
        self._rungs.recall(p.curves[self._judge] for running in parts for p in running.progress)

    def _resume(self, found: Snapshot) -> None:
        self._recall(found)
        self._finished = list(found.finished)
        self.running = found.running
        waiting = set(found.waiting)
        self.waiting = deque(trial for trial in self.waiting if trial.key in waiting)
        self.paused = deque(found.paused)
        self.width = found.width

    def _found(self) -> Snapshot | None:
        if self._checkpoint is None:
            return None
        if not self._checkpoint.recover:
            return self._checkpoint.load(self.plan)
        if not self._left:
            return None
        if self._rungs is not None:
            return resumed(self.program, self._left[0])
        return taken_up(self.program, self._left, self.width)

    def _is_due(self, epochs: int) -> bool:
        return self._checkpoint is not None and epochs % self._checkpoint.every == 0

    def _save(self) -> None:
        if self._checkpoint is None:
            return
        waiting = [trial.key for trial in self.waiting]
        layout = self.program.executor.layout.name
        snapshot = Snapshot(
            self.running, list(self.paused), waiting, self._finished, self.width, layout
        )
        try:
            self._checkpoint.save(self.plan, snapshot)
        except CheckpointError as error:
            # A full disk costs a killed run its head start, and must not cost it the trials.
            log.warning("%s; training on without it", error)


def _charge(progress: list[Progress], started: float) -> None:
    share = (perf_counter() - started) / len(progress)
    for one in progress:
        one.wall_s += share
