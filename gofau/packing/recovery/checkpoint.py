"""Checkpoints of a running pack: written atomically, read without running code."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import blake2b
from pathlib import Path
from pickle import UnpicklingError
from socket import gethostname
from typing import Any
from zipfile import is_zipfile

import numpy as np
import torch

from gofau.catalog import Scalar
from gofau.packing.plan.errors import CheckpointError
from gofau.packing.plan.gamma import Gamma
from gofau.packing.plan.plan import PackPlan, TrialOutcome, TrialPlan
from gofau.packing.plan.rates import Schedule
from gofau.packing.recovery.files import replacing
from gofau.packing.stack.progress import Progress
from gofau.packing.stack.running import RunningTrials
from gofau.packing.stack.stack import Stack
from gofau.version import code_version

FORMAT = 4


@dataclass
class Snapshot:
    """The state of a run between two epochs.

    Args:
        running: trials in training.
        paused: trials set aside when memory ran out.
        waiting: keys of trials not started.
        finished: records of trials that ended.
        width: the most trials in training.
        layout: the name of the order in which the trials' blocks hold the parameters.
    """

    running: RunningTrials | None
    paused: list[RunningTrials]
    waiting: list[int]
    finished: list[TrialOutcome]
    width: int
    layout: str


@dataclass(frozen=True)
class Checkpointing:
    """Where a run keeps its state, and after how many epochs of the stack it does.

    Args:
        path: the file; its folder exists.
        every: epochs of the stack between two checkpoints, >= 1.
        recover: also go on with trials whose state other packs left in the file's folder.
    """

    path: Path
    every: int = 10
    recover: bool = False

    def __post_init__(self) -> None:
        if self.every < 1:
            raise CheckpointError(f"every: got {self.every}, expected >= 1")

    def save(self, plan: PackPlan, snapshot: Snapshot) -> None:
        """Replace the checkpoint by ``snapshot``; an interruption leaves the old or the new one.

        Raises:
            CheckpointError: it cannot be written, such as to a full disk.
        """
        # Under successive halving, processes that train parts of a killed pack share its file.
        own = f".{gethostname()}-{os.getpid()}" if self.recover else ""
        partial = self.path.with_name(f"{self.path.name}{own}.partial")
        content = {
            "format": FORMAT,
            "plan": fingerprint(plan),
            "common": common(plan),
            "trials": [_trial_out(trial) for trial in plan.trials],
            "running": None if snapshot.running is None else _stored(snapshot.running),
            "paused": [_stored(running) for running in snapshot.paused],
            "waiting": [_plain(key) for key in snapshot.waiting],
            "finished": [{**asdict(o), "key": _plain(o.key)} for o in snapshot.finished],
            "width": snapshot.width,
            "layout": snapshot.layout,
        }
        try:
            with replacing(self.path, partial) as file:
                torch.save(content, file)
        except (OSError, RuntimeError) as error:
            # torch reports a write that failed while it puts an archive together as its own.
            fault = error if isinstance(error, OSError) else error.__context__
            if not isinstance(fault, OSError):
                raise
            expected = "expected room for it; free some or give another path"
            raise CheckpointError(f"checkpoint {self.path}: got {fault}, {expected}") from error

    def load(self, plan: PackPlan) -> Snapshot | None:
        """The last snapshot of ``plan``, or ``None`` where there is no file.

        Raises:
            CheckpointError: the file belongs to another plan or another format, or is damaged.
        """
        if not self.path.exists():
            return None
        content = read(self.path, plan.device)
        found = (content["format"], content.get("plan"))
        if found != (FORMAT, fingerprint(plan)):
            raise CheckpointError(
                f"checkpoint {self.path}: got format and plan {found}, expected "
                f"{(FORMAT, fingerprint(plan))}, those of this plan with its data and code of now; "
                "remove the file or give another path"
            )
        return snapshot_in(plan, content)

    def clear(self) -> None:
        """Remove the file of a run that is complete."""
        self.path.unlink(missing_ok=True)


def read(path: Path, device: str, mapped: bool = False) -> dict[str, Any]:
    """What a checkpoint file holds, read without running code.

    Args:
        path: the file.
        device: where its tensors come to lie.
        mapped: leave them on the disk until they are looked at.

    Raises:
        CheckpointError: the file is damaged, or nothing that a pack wrote.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        whole = is_zipfile(file)
    content: object = None
    try:
        if whole:
            content = torch.load(path, weights_only=True, mmap=mapped, map_location=device)
    except (RuntimeError, UnpicklingError) as error:
        raise _unreadable(path) from error
    if not isinstance(content, dict) or "format" not in content:
        raise _unreadable(path)
    return content


def _unreadable(path: Path) -> CheckpointError:
    return CheckpointError(
        f"checkpoint {path}: got a damaged or foreign file, expected one that a pack wrote; "
        "remove the file or give another path"
    )


def fingerprint(plan: PackPlan) -> str:
    """A hash of everything in the plan, and of the code that trains it."""
    return blake2b(repr((code_version(), plan)).encode(), digest_size=16).hexdigest()


def common(plan: PackPlan) -> str:
    """A hash of what the trials of the plan share, and of the code, without how it is computed."""
    how = ("executor", "backend", "memory_format")
    names = [f.name for f in fields(PackPlan) if f.name not in ("trials", *how)]
    text = repr([code_version(), *((name, getattr(plan, name)) for name in names)])
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _trial_out(trial: TrialPlan) -> dict[str, Any]:
    """As `trial_in` reads it, in Python's own numbers: a file without code holds no others."""
    hyper = {name: _plain(value) for name, value in trial.hyper.items()}
    own = {name: _plain(getattr(trial, name)) for name in ("key", "seed", "init_scale")}
    return {**own, "hyper": hyper, **{n: asdict(getattr(trial, n)) for n in ("schedule", "gamma")}}


def _plain(value: Scalar) -> Scalar:
    """The same number, text or flag in Python's own type."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    found: Scalar = np.asarray(value).item()
    return found


def trial_in(content: Mapping[str, Any]) -> TrialPlan:
    """The trial that ``dataclasses.asdict`` has made ``content`` of."""
    schedule = Schedule(**{**content["schedule"], "drops": tuple(content["schedule"]["drops"])})
    return TrialPlan(**{**content, "schedule": schedule, "gamma": Gamma(**content["gamma"])})


def snapshot_in(plan: PackPlan, content: Mapping[str, Any]) -> Snapshot:
    """The state of a run of ``plan`` that a checkpoint file holds."""
    return Snapshot(
        running=None if content["running"] is None else running_in(plan, content["running"]),
        paused=[running_in(plan, paused) for paused in content["paused"]],
        waiting=content["waiting"],
        finished=[TrialOutcome(**outcome) for outcome in content["finished"]],
        width=content["width"],
        layout=content["layout"],
    )


_KEPT = tuple(f.name for f in fields(Progress) if f.name not in ("trial", "plan"))


def _stored(running: RunningTrials) -> dict[str, Any]:
    records = [
        {"key": _plain(p.trial.key), **{name: getattr(p, name) for name in _KEPT}}
        for p in running.progress
    ]
    tensors = {f.name: getattr(running.stack, f.name) for f in fields(Stack)}
    return {"records": records, "tensors": tensors}


def running_in(
    plan: PackPlan, content: Mapping[str, Any], rows: Sequence[int] | None = None
) -> RunningTrials:
    """Stored trials of ``plan``, or its ``rows`` only, in memory of their own."""
    stack, records = Stack(**content["tensors"]), content["records"]
    if rows is not None:
        stack, records = stack.take(rows), [records[row] for row in rows]
    trials = {trial.key: trial for trial in plan.trials}
    progress = [
        Progress(trial=trials[record["key"]], plan=plan, **{n: record[n] for n in _KEPT})
        for record in records
    ]
    return RunningTrials(stack, progress)
