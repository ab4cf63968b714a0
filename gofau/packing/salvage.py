"""Trials of killed packs, taken up by whichever pack is asked to train them next."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gofau.packing.checkpoint import FORMAT, Snapshot, common, lane_in, read, trial_in
from gofau.packing.errors import CheckpointError
from gofau.packing.lane import Lane
from gofau.packing.plan import PackPlan, TrialOutcome, TrialPlan
from gofau.packing.program import Program

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Remains:
    """A checkpoint that some pack left behind.

    Args:
        path: its file.
        trials: the trials of that pack, by key.
        finished: records of those that had ended.
        lanes: stored lanes, each with the keys of its rows.
        layout: the name of the order in which their blocks hold the parameters.
    """

    path: Path
    trials: dict[int, TrialPlan]
    finished: list[TrialOutcome]
    lanes: list[tuple[list[int], Any]]
    layout: str


def remains(plan: PackPlan, folder: Path) -> list[Remains]:
    """What ``folder`` has of the trials of ``plan``, the latest file first.

    A file that vanishes while this looks is one whose pack has just completed. One that cannot be
    read costs its trials their head start and nothing more, so it is logged and left alone.
    """
    wanted = {trial.key: trial for trial in plan.trials}
    dated: list[tuple[float, Remains]] = []
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
        found = _remains(path, content)
        if any(wanted.get(key) == trial for key, trial in found.trials.items()):
            dated.append((written, found))
    return [found for _, found in sorted(dated, key=lambda pair: pair[0], reverse=True)]


def reunited(plan: PackPlan, found: Iterable[Remains]) -> PackPlan:
    """``plan`` with all trials of the packs that left ``found``, where trials compete.

    Which trials a successive halving stops depends on all of a pack, so the pack that was killed
    is trained on as it was; the records of trials that are no longer wanted are for the caller to
    leave out. Without halving the plan stays as it is.
    """
    if plan.halving is None:
        return plan
    trials = {key: trial for one in found for key, trial in one.trials.items()}
    return replace(
        plan, trials=tuple({**trials, **{trial.key: trial for trial in plan.trials}}.values())
    )


def revived(program: Program, found: Sequence[Remains], width: int) -> Snapshot:
    """The state from which the trials of the program's plan go on; the others start afresh."""
    trials = {trial.key: trial for trial in program.plan.trials}
    finished = {
        outcome.key: outcome
        for one in reversed(found)
        for outcome in one.finished
        if trials.get(outcome.key) == one.trials[outcome.key]
    }
    taken = set(finished)
    lanes: list[Lane] = []
    for one in found:
        same = {key for key, trial in one.trials.items() if trials.get(key) == trial}
        for lane in _lanes(program, one, same - taken):
            taken |= {progress.trial.key for progress in lane.progress}
            lanes += lane.split(width)
    waiting = [key for key in trials if key not in taken]
    layout = program.executor.layout.name
    return Snapshot(None, lanes, waiting, list(finished.values()), width, layout)


def bury(plan: PackPlan, found: Iterable[Remains]) -> None:
    """Remove the files all of whose trials were trained to their end as part of ``plan``."""
    trained = {trial.key for trial in plan.trials}
    for one in found:
        if one.trials.keys() <= trained:
            one.path.unlink(missing_ok=True)


def _lanes(program: Program, one: Remains, wanted: set[int]) -> Iterator[Lane]:
    # Layouts place the same number of parameters in other orders, which no shape tells apart.
    if one.layout != program.executor.layout.name:
        return
    for keys, content in one.lanes:
        rows = [row for row, key in enumerate(keys) if key in wanted]
        if not rows:
            continue
        lane = lane_in(program.plan, content, rows)
        stack = program.refitted(lane.stack, [p.trial for p in lane.progress])
        if stack is not None:
            yield Lane(stack, lane.progress)


def _remains(path: Path, content: dict[str, Any]) -> Remains:
    stored = [*([] if content["lane"] is None else [content["lane"]]), *content["parked"]]
    return Remains(
        path=path,
        trials={trial["key"]: trial_in(trial) for trial in content["trials"]},
        finished=[TrialOutcome(**outcome) for outcome in content["finished"]],
        lanes=[([record["key"] for record in lane["records"]], lane) for lane in stored],
        layout=content["layout"],
    )
