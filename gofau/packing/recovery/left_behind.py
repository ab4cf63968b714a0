"""Trials of killed packs, taken up by whichever pack is asked to train them next."""

import logging
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gofau.packing.plan.errors import CheckpointError
from gofau.packing.plan.plan import PackPlan, TrialOutcome, TrialPlan
from gofau.packing.program import Program
from gofau.packing.recovery.checkpoint import (
    FORMAT,
    Checkpointing,
    Snapshot,
    common,
    fingerprint,
    read,
    running_in,
    snapshot_in,
    trial_in,
)
from gofau.packing.stack.running import RunningTrials

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LeftBehind:
    """A checkpoint that some pack left behind.

    Args:
        path: its file.
        trials: the trials of that pack, by key.
        finished: records of those that had ended.
        parts: stored stacks of trials, each with the keys of its rows.
        layout: the name of the order in which their blocks hold the parameters.
        content: all that the file holds.
    """

    path: Path
    trials: dict[int, TrialPlan]
    finished: list[TrialOutcome]
    parts: list[tuple[list[int], Any]]
    layout: str
    content: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """Trials to be trained together, and from what they go on.

    Args:
        plan: the trials.
        checkpoint: where their state is kept, if anywhere.
        left: what other packs left of them.
    """

    plan: PackPlan
    checkpoint: Checkpointing | None
    left: list[LeftBehind]


def runs(plan: PackPlan, checkpoint: Checkpointing | None) -> list[Run]:
    """``plan`` as it is to be trained: in one go, except where its trials competed before.

    Which trials a successive halving stops depends on all of a pack. So each pack that was killed
    is trained on as it was, with the trials of it that are no longer wanted and without others;
    their records are for the caller to leave out.
    """
    if checkpoint is None or not checkpoint.recover:
        return [Run(plan, checkpoint, [])]
    found = left_behind(plan, checkpoint.path.parent)
    if plan.halving is None:
        return [Run(plan, checkpoint, found)]
    made: list[Run] = []
    alone = {trial.key: trial for trial in plan.trials}
    for one in found:
        own = [key for key, trial in one.trials.items() if alone.get(key) == trial]
        if own:
            whole = replace(plan, trials=tuple(one.trials.values()))
            made.append(Run(whole, replace(checkpoint, path=one.path), [one]))
            alone = {key: trial for key, trial in alone.items() if key not in own}
    if made and alone:
        plan = replace(plan, trials=tuple(alone.values()))
        path = checkpoint.path.with_name(f"{fingerprint(plan)}.pt")
        checkpoint = replace(checkpoint, path=path)
    return [*made, Run(plan, checkpoint, [])] if alone else made


def left_behind(plan: PackPlan, folder: Path) -> list[LeftBehind]:
    """What ``folder`` has of the trials of ``plan``, the latest file first.

    A file that vanishes while this looks is one whose pack has just completed. One that cannot be
    read costs its trials their head start and nothing more, so it is logged and left alone.
    """
    wanted = {trial.key: trial for trial in plan.trials}
    dated: list[tuple[float, LeftBehind]] = []
    for path in folder.glob("*.pt"):
        try:
            # Mapped, since most rows of most files are never looked at.
            written, content = path.stat().st_mtime, read(path, "cpu", mapped=True)
        except FileNotFoundError:
            continue
        except CheckpointError as error:
            log.warning("%s", error)
            continue
        if (content["format"], content.get("common")) != (FORMAT, common(plan)):
            continue
        found = _read_from(path, content)
        if any(wanted.get(key) == trial for key, trial in found.trials.items()):
            dated.append((written, found))
    return [found for _, found in sorted(dated, key=lambda pair: pair[0], reverse=True)]


def resumed(program: Program, one: LeftBehind) -> Snapshot | None:
    """The state in which the pack of the program's plan was left.

    ``None`` where this program keeps states in another form: the pack then begins anew, and
    decides again from the start.
    """
    found = snapshot_in(program.plan, one.content)
    parts = [*found.paused, *([] if found.running is None else [found.running])]
    if not parts:
        return found
    fitted = [_fitted(program, one, running) for running in parts]
    if any(running is None for running in fitted):
        return None
    # In memory of their own: what was read is mapped from the file.
    ready = [running.copy(running.stack.step.device) for running in fitted if running is not None]
    if found.running is None:
        return replace(found, paused=ready)
    return replace(found, paused=ready[:-1], running=ready[-1].copy(program.like.device))


def taken_up(program: Program, found: Sequence[LeftBehind], width: int) -> Snapshot:
    """The state from which the trials of the program's plan go on; the others start afresh."""
    trials = {trial.key: trial for trial in program.plan.trials}
    finished = {
        outcome.key: outcome
        for one in reversed(found)
        for outcome in one.finished
        if trials.get(outcome.key) == one.trials[outcome.key]
    }
    taken = set(finished)
    parts: list[RunningTrials] = []
    for one in found:
        same = {key for key, trial in one.trials.items() if trials.get(key) == trial}
        for running in _continued_of(program, one, same - taken):
            taken |= {progress.trial.key for progress in running.progress}
            parts += running.split(width)
    waiting = [key for key in trials if key not in taken]
    layout = program.executor.layout.name
    return Snapshot(None, parts, waiting, list(finished.values()), width, layout)


def remove_complete(keys: Set[int], found: Iterable[LeftBehind]) -> None:
    """Remove the files all of whose trials are among ``keys``."""
    for one in found:
        if one.trials.keys() <= keys:
            one.path.unlink(missing_ok=True)


def _continued_of(program: Program, one: LeftBehind, wanted: set[int]) -> Iterator[RunningTrials]:
    for keys, content in one.parts:
        rows = [row for row, key in enumerate(keys) if key in wanted]
        if not rows:
            continue
        running = _fitted(program, one, running_in(program.plan, content, rows))
        if running is not None:
            yield running


def _fitted(program: Program, one: LeftBehind, running: RunningTrials) -> RunningTrials | None:
    """``running`` with the hyperparameters of the program's plan, if that can go on with it."""
    # Layouts place the same number of parameters in other orders, which no shape tells apart.
    if one.layout != program.executor.layout.name:
        return None
    stack = program.refitted(running.stack, [p.trial for p in running.progress])
    return None if stack is None else RunningTrials(stack, running.progress)


def _read_from(path: Path, content: dict[str, Any]) -> LeftBehind:
    stored = [*([] if content["running"] is None else [content["running"]]), *content["paused"]]
    return LeftBehind(
        path=path,
        trials={trial["key"]: trial_in(trial) for trial in content["trials"]},
        finished=[TrialOutcome(**outcome) for outcome in content["finished"]],
        parts=[([record["key"] for record in running["records"]], running) for running in stored],
        layout=content["layout"],
        content=content,
    )
