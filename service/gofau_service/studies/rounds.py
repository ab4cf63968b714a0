"""Appending rounds: each number once, only to a study whose earlier trials have all ended."""

from collections.abc import Iterable

from gofau_service.errors import InvalidError
from gofau_service.store import cells, rounds, trials
from gofau_service.store.base import now
from gofau_service.store.engine import Session
from gofau_service.store.tables.rounds import SearchRoundRow
from gofau_service.store.tables.studies import Study
from gofau_service.studies import ledger, round_checks
from gofau_service.studies.enumeration import Enumeration
from gofau_studies.errors import FieldError
from gofau_studies.protocol.trials import StudyState
from gofau_studies.protocol.wire import RoundReceipt, SearchRound
from gofau_studies.spec import StudySpec
from gofau_studies.spec.cells import Cell, arms
from gofau_studies.spec.parsing import stored_spec


def append(session: Session, study: Study, wanted: SearchRound) -> RoundReceipt:
    """Store a round of a locked study, or say what is stored under its number.

    Raises:
        InvalidError: a number that leaves one out, or points that the study may not have.
    """
    had = rounds.of_study(session, study.id)
    if wanted.number <= len(had):
        return RoundReceipt(number=wanted.number, cells=had[wanted.number - 1].cells, new=False)
    if wanted.number > len(had) + 1:
        errors = [FieldError("number", wanted.number, f"{len(had) + 1}, the next round")]
        raise InvalidError("a round that comes too early", errors)
    if study.state != StudyState.RUNNING or study.waiting + study.running or not study.unplanned:
        return RoundReceipt(number=wanted.number, cells=0, new=False)
    return RoundReceipt(number=wanted.number, cells=_add(session, study, wanted), new=True)


def reopen(study: Study) -> None:
    """Let a locked study that ended early plan the rounds that it has not had."""
    have = study.waiting + study.running + study.completed + study.failed + study.cancelled
    study.unplanned = stored_spec(study.spec).trial_count - have


def _add(session: Session, study: Study, wanted: SearchRound) -> int:
    spec = stored_spec(study.spec)
    known = cells.keys(session, study.id)
    made = _cells(spec, wanted)
    round_checks.check_round(spec, wanted, [cell.key for cell in made], known, study.unplanned)
    first = rounds.cell_count(session, study.id)
    _insert(session, study, spec, made, first)
    rounds.add(
        session,
        SearchRoundRow(
            study_id=study.id,
            number=wanted.number,
            first_cell=first,
            cells=len(made),
            created_at=now(),
        ),
    )
    ledger.settle(session, study)
    return len(made)


def _cells(spec: StudySpec, wanted: SearchRound) -> list[Cell]:
    by_labels = {arm.labels: arm for arm in arms(spec)}
    round_checks.check_arms(list(by_labels), wanted)
    round_checks.check_points(spec, wanted)
    return [
        by_labels[asked.problem, asked.direction, asked.rule](dict(point))
        for asked in wanted.arms
        for point in asked.points
    ]


def _insert(
    session: Session, study: Study, spec: StudySpec, made: Iterable[Cell], first: int
) -> None:
    stored = cells.arms(session, study.id)
    enumeration = Enumeration(
        spec,
        {(arm.problem, arm.direction, arm.rule): ordinal for ordinal, arm in stored.items()},
        {ordinal: arm.definition for ordinal, arm in stored.items()},
        added=made,
    )
    count = cells.insert_cells(session, enumeration.rows(study.id, first, len(spec.seeds)))
    added = count * len(spec.seeds)
    trials.enumerate_trials(
        session, study.id, range(first, first + count), spec.seeds, first * len(spec.seeds)
    )
    study.waiting += added
    study.unplanned -= added
    study.revision += 1
    session.flush()
