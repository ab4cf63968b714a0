"""Reading trials and cells."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from gofau_service.pagination import decode, encode, unknown
from gofau_service.store import curves
from gofau_service.store import trial_list as queries
from gofau_service.store.tables.studies import Arm, Cell, Study
from gofau_service.store.tables.trials import Trial
from gofau_service.studies.enumeration import whole
from gofau_service.studies.schemas import moment
from gofau_service.trials.schemas import TrialDetail, TrialView
from gofau_service.trials.sorting import Wish, page
from gofau_studies.protocol.trials import Outcome, TrialState


def trial_view(trial: Trial, cell: Cell, arm: Arm) -> TrialView:
    """A trial as lists show it."""
    return TrialView(
        index=trial.index,
        problem=arm.problem,
        direction=arm.direction,
        rule=arm.rule,
        point=cell.point,
        seed=trial.seed,
        state=TrialState(trial.state),
        outcome=Outcome(trial.outcome) if trial.outcome else None,
        attempts=trial.attempts,
        value=trial.value,
        best=trial.best,
        steps_to_target=trial.steps_to_target,
        steps=trial.steps,
        epochs_run=trial.epochs_run,
        frozen_fraction=trial.frozen_fraction,
        executor=trial.executor,
        executor_reason=trial.executor_reason,
        pack_size=trial.pack_size,
        wall_s=trial.wall_s,
        code_version=trial.code_version,
        inputs=trial.inputs,
        environment=trial.environment,
        error=trial.error,
        revision=trial.revision,
        ended_at=moment(trial.ended_at) if trial.ended_at else None,
    )


def trial_page(
    session: Session, study: Study, wish: Wish, *, cursor: str | None, limit: int
) -> tuple[Sequence[queries.Found], str | None]:
    """A page of trials and the cursor of the one after it.

    Raises:
        InvalidError: a cursor of another list.
    """
    if wish.order is not None:
        at = decode(cursor, str, (int, float), int)
        if at and at[0] != str(wish.order):
            raise unknown(cursor)
        found = page(session, study, wish, (at[1], at[2]) if at else None, limit + 1)
        return _cut(found, limit, str(wish.order))
    at = decode(cursor, int)
    after = at[0] if at else -1
    if wish.conditions:
        return _cut(page(session, study, wish, (after, after), limit + 1), limit)
    rows = queries.page(session, study.id, wish.narrow, after, limit + 1)
    return _cut([(row, row[0].index) for row in rows], limit)


def _cut(
    found: Sequence[tuple[queries.Found, float]], limit: int, order: str | None = None
) -> tuple[Sequence[queries.Found], str | None]:
    """The rows of a page, and the place of its last one if there are more."""
    rows = [row for row, _ in found[:limit]]
    if len(found) <= limit:
        return rows, None
    last, number = found[limit - 1]
    index = last[0].index
    return rows, encode(index) if order is None else encode(order, number, index)


def trial_detail(session: Session, study: Study, index: int) -> TrialDetail:
    """A trial with its measurements.

    Raises:
        NotFoundError: the study has no trial of that index.
    """
    trial, cell, arm = queries.trial(session, study.id, index)
    measured = queries.measurement(session, study.id, index)
    source = session.get(Study, trial.source_study_id) if trial.source_study_id else None
    return TrialDetail(
        **dict(trial_view(trial, cell, arm)),
        cell=cell.key,
        definition=whole(arm.definition, cell.changes),
        metrics=measured.metrics if measured else {},
        curves=curves.unpack(measured.lengths, measured.curves) if measured else {},
        source_study=source.public_id if source else None,
    )
