"""Exactly-once accounting: the only place where trials change state.

Every function takes the study's row locked (`gofau_service.store.studies.lock`), so changes of one
study happen one after the other, and keeps three things in step: the trials, the aggregates of
their cells and the counts of the study. A study whose last trial ends, ends with it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from gofau_service.errors import InvalidError
from gofau_service.store import cells, curves, earlier_results, studies, trials
from gofau_service.store.aggregate import Finished, cell_deltas, tally
from gofau_service.store.base import now
from gofau_service.store.engine import Session
from gofau_service.store.tables.leases import LeaseRow
from gofau_service.store.tables.studies import Study
from gofau_service.store.trials import Standing
from gofau_studies.errors import FieldError
from gofau_studies.landscape.caps import cap
from gofau_studies.protocol.trial_facts import LEASED, POSTED
from gofau_studies.protocol.trials import Outcome, StudyState, TrialState, gist
from gofau_studies.protocol.wire import ResultBatch, ResultReceipt, TrialResult

OPEN = (TrialState.WAITING.value, TrialState.RUNNING.value)


@dataclass(frozen=True)
class Lost:
    """A trial whose attempt ended without a result, and whether it was its last."""

    index: int
    cell: int
    error: str
    last: bool


def grant(session: Session, study: Study, lease: LeaseRow, indexes: Iterable[int]) -> list[int]:
    """Put those of the trials that still wait under the lease."""
    granted = trials.grant(session, study.id, lease.id, indexes)
    _move(study, waiting=-len(granted), running=len(granted))
    return granted


def adopt(session: Session, study: Study, lease: LeaseRow, indexes: Iterable[int]) -> int:
    """Complete those of the trials that have a result in another study; returns how many.

    They count no attempt, and no lease holds them.
    """
    if lease.inputs is None or not _reuses(study):
        return 0
    copied = earlier_results.copy_results(session, study, indexes, lease.code_version, lease.inputs)
    if copied:
        _account(session, study, [(c.cell, Outcome(c.outcome), c.value, c.wall_s) for c in copied])
        _move(study, waiting=-len(copied), reused=len(copied))
        settle(session, study)
    return len(copied)


def _reuses(study: Study) -> bool:
    """Whether a study takes results of others.

    Under successive halving none does: where a trial stopped depended on the others of its pack.
    """
    return study.reuse and not study.spec.get("halving")


def give_up(session: Session, study: Study, reason: str) -> None:
    """Fail what is left of a study that nobody can train, whatever was to follow."""
    unplanned = study.unplanned
    close(session, study, TrialState.FAILED, reason)
    if unplanned:
        studies.set_state(session, study, StudyState.FAILED)
    settle(session, study)
    if study.state == StudyState.FAILED:
        study.message = reason


def release(session: Session, study: Study, lease: LeaseRow) -> None:
    """Return what the lease holds to waiting, without counting the attempt."""
    count = trials.take_back(session, study.id, lease.id)
    _move(study, waiting=count, running=-count)


def expire(session: Session, study: Study, lease: LeaseRow, reason: str) -> None:
    """End the attempts that a lost lease holds: waiting again, or failed after the last one."""
    rows = trials.attempts(session, study.id, lease.id)
    lost = [Lost(i, c, reason, last=n >= study.max_attempts) for i, c, n in rows]
    _lose(session, study, lease, lost, None)


def record(session: Session, study: Study, lease: LeaseRow, batch: ResultBatch) -> ResultReceipt:
    """Store results and failures of trials that the lease holds; others change nothing.

    Raises:
        InvalidError: an index that the study does not have, or a result that contradicts itself.
    """
    _check(study, batch)
    indexes = [r.index for r in batch.results] + [f.index for f in batch.failures]
    found = trials.standings(session, study.id, indexes)
    _refuse_unknown(batch, found)
    seen: set[int] = set()
    accepted = [r for r in batch.results if _is_new(found[r.index], lease, seen)]
    failed = [f for f in batch.failures if _is_new(found[f.index], lease, seen)]
    duplicates = _duplicates(batch, found, lease) + len(indexes) - len(set(indexes))
    _complete(session, study, lease, accepted, found)
    lost = [
        Lost(
            f.index,
            found[f.index].cell,
            f.error,
            last=f.incurable or found[f.index].attempts >= study.max_attempts,
        )
        for f in failed
    ]
    _lose(session, study, lease, lost, lease.id)
    stored = len(accepted) + len(failed)
    return ResultReceipt(
        stored=stored,
        duplicates=duplicates,
        refused=len(indexes) - stored - duplicates,
        stop=study.state != StudyState.RUNNING,
    )


def close(session: Session, study: Study, state: TrialState, error: str | None = None) -> None:
    """End every trial that has not ended, as cancelled or failed, and plan no more."""
    study.unplanned = 0
    touched = trials.cell_counts(session, study.id, OPEN)
    study.revision += 1
    trials.close(session, study.id, OPEN, state=state, revision=study.revision, error=error)
    cells.accumulate(session, study.id, tally(touched, state.value))
    total = sum(touched.values())
    _move(study, waiting=-study.waiting, running=-study.running, **{state.value: total})


def reopen_failed(session: Session, study: Study) -> int:
    """Let every failed trial wait again, with all its attempts."""
    touched = trials.cell_counts(session, study.id, [TrialState.FAILED.value])
    total = sum(touched.values())
    if total:
        study.revision += 1
        trials.reopen(session, study.id, TrialState.FAILED)
        undone = {cell: -count for cell, count in touched.items()}
        cells.accumulate(session, study.id, tally(undone, TrialState.FAILED.value))
        _move(study, failed=-total, waiting=total)
    return total


def settle(session: Session, study: Study) -> None:
    """End a queued, running or paused study that has nothing left to run or to plan."""
    goes_on = study.state in (StudyState.QUEUED, StudyState.RUNNING, StudyState.PAUSED)
    if goes_on and study.waiting + study.running + study.unplanned == 0:
        whole = study.completed > 0 or study.failed == 0
        message = _failures(session, study) if study.failed else None
        end = StudyState.COMPLETED if whole else StudyState.FAILED
        studies.set_state(session, study, end, message)


def _failures(session: Session, study: Study) -> str:
    first = trials.first_error(session, study.id)
    reason = f", the first with {gist(first)}" if first else ""
    return f"{study.failed} of its trials failed{reason}"


def _move(study: Study, **deltas: int) -> None:
    for name, delta in deltas.items():
        setattr(study, name, getattr(study, name) + delta)


def _is_new(trial: Standing, lease: LeaseRow, seen: set[int]) -> bool:
    new = trial.index not in seen and trial.state == TrialState.RUNNING
    seen.add(trial.index)
    return new and trial.lease_id == lease.id


def _duplicates(batch: ResultBatch, found: dict[int, Standing], lease: LeaseRow) -> int:
    """Items that this lease has posted before: the trial still names it and runs no more."""
    done = [found[r.index] for r in batch.results]
    lost = [found[f.index] for f in batch.failures]
    again = [t for t in done if t.state == TrialState.COMPLETED]
    again += [t for t in lost if t.state in (TrialState.WAITING, TrialState.FAILED)]
    return len({t.index for t in again if t.lease_id == lease.id})


def _complete(
    session: Session,
    study: Study,
    lease: LeaseRow,
    results: list[TrialResult],
    found: dict[int, Standing],
) -> None:
    if not results:
        return
    study.revision += 1
    rows = [_row(study, lease, result) for result in results]
    trials.end_attempts(session, study.id, lease.id, rows)
    trials.add_measurements(session, [_measurement(study, result) for result in results])
    _account(
        session,
        study,
        [(found[r.index].cell, r.outcome, r.metrics[study.goal_metric], r.wall_s) for r in results],
    )
    _move(study, running=-len(results))
    settle(session, study)


def _account(
    session: Session, study: Study, ended: list[tuple[int, Outcome, float | None, float]]
) -> None:
    """Add completed trials, each as cell, outcome, value and time, to all aggregates."""
    bounds = _bounds(session, study, [cell for cell, *_ in ended])
    finished = [Finished(cell, out, value, wall, bounds[cell]) for cell, out, value, wall in ended]
    minimize = bool(study.spec["goal"]["minimize"])
    cells.accumulate(session, study.id, cell_deltas(finished, minimize))
    outcomes = Counter(str(outcome) for _, outcome, _, _ in ended)
    _move(study, completed=len(ended), **outcomes)


def _bounds(session: Session, study: Study, ordinals: list[int]) -> dict[int, float | None]:
    names = cells.problem_names(session, study.id)
    caps = {arm: cap(name, study.goal_metric) for arm, name in names.items()}
    of = cells.arm_of(session, study.id, ordinals)
    return {ordinal: caps[arm] for ordinal, arm in of.items()}


def _row(study: Study, lease: LeaseRow, result: TrialResult) -> dict[str, object]:
    return {
        "at": result.index,
        "state": TrialState.COMPLETED.value,
        "revision": study.revision,
        "value": result.metrics[study.goal_metric],
        **{name: getattr(result, name) for name in POSTED},
        "outcome": result.outcome.value,
        **{name: getattr(lease, name) for name in LEASED},
        "error": None,
        "ended_at": now(),
    }


def _measurement(study: Study, result: TrialResult) -> dict[str, object]:
    lengths, data = curves.pack(result.curves)
    return {
        "study_id": study.id,
        "index": result.index,
        "metrics": result.metrics,
        "lengths": lengths,
        "curves": data,
    }


def _lose(
    session: Session,
    study: Study,
    lease: LeaseRow,
    lost: list[Lost],
    keep_lease: int | None,
) -> None:
    """End attempts.

    ``keep_lease`` stays on a trial that waits again, so that its worker may repeat the post.
    """
    if not lost:
        return
    study.revision += 1
    over = [one.cell for one in lost if one.last]
    rows = [
        {
            "at": one.index,
            "state": (TrialState.FAILED if one.last else TrialState.WAITING).value,
            "lease_id": lease.id if one.last else keep_lease,
            "revision": study.revision if one.last else None,
            "error": one.error.replace("\0", "\\0"),
            "ended_at": now() if one.last else None,
        }
        for one in lost
    ]
    trials.end_attempts(session, study.id, lease.id, rows)
    cells.accumulate(session, study.id, tally(Counter(over), TrialState.FAILED.value))
    _move(study, running=-len(lost), failed=len(over), waiting=len(lost) - len(over))
    settle(session, study)


def _refuse_unknown(batch: ResultBatch, found: dict[int, Standing]) -> None:
    named = [(f"results[{i}].index", r.index) for i, r in enumerate(batch.results)]
    named += [(f"failures[{i}].index", f.index) for i, f in enumerate(batch.failures)]
    errors = [
        FieldError(path, index, "an index of this study")
        for path, index in named
        if index not in found
    ]
    if errors:
        raise InvalidError("a result of a trial that the study does not have", errors)


def _check(study: Study, batch: ResultBatch) -> None:
    metric = study.goal_metric
    errors = []
    for i, result in enumerate(batch.results):
        value = result.metrics.get(metric)
        if metric not in result.metrics:
            errors.append(FieldError(f"results[{i}].metrics.{metric}", None, "the goal metric"))
        elif value is None and result.outcome.whole and not result.outcome.lost:
            path = f"results[{i}].metrics.{metric}"
            errors.append(FieldError(path, None, f"a number, since it {result.outcome}"))
    if errors:
        raise InvalidError("a result without its goal metric", errors)
