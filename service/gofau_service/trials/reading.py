"""Reading trials and cells."""

from collections.abc import Sequence

from gofau_service import answers
from gofau_service.pagination import decode, encode, unknown
from gofau_service.store import curves, studies, trial_list
from gofau_service.store.engine import Session
from gofau_service.store.tables.studies import Arm, Cell, Study
from gofau_service.store.tables.trials import Trial
from gofau_service.studies.enumeration import whole
from gofau_service.trials.sorting import Wish, page
from gofau_studies.protocol.trial_facts import FACTS


def described(trial: Trial, cell: Cell, arm: Arm) -> answers.Trial:
    """A stored trial as the API says it."""
    return answers.Trial.model_validate(_said(trial, cell, arm))


def _said(trial: Trial, cell: Cell, arm: Arm) -> dict[str, object]:
    known = {"arm": arm, "cell": cell}
    return {name: getattr(known.get(fact.source, trial), name) for name, fact in FACTS.items()}


def trial_page(
    session: Session, study: Study, wish: Wish, *, cursor: str | None, limit: int
) -> tuple[Sequence[trial_list.Found], str | None]:
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
    rows = trial_list.page(session, study.id, wish.narrow, after, limit + 1)
    return _cut([(row, row[0].index) for row in rows], limit)


def _cut(
    found: Sequence[tuple[trial_list.Found, float]], limit: int, order: str | None = None
) -> tuple[Sequence[trial_list.Found], str | None]:
    """The rows of a page, and the place of its last one if there are more."""
    rows = [row for row, _ in found[:limit]]
    if len(found) <= limit:
        return rows, None
    last, number = found[limit - 1]
    index = last[0].index
    return rows, encode(index) if order is None else encode(order, number, index)


def trial_detail(session: Session, study: Study, index: int) -> answers.TrialDetail:
    """A trial with its measurements.

    Raises:
        NotFoundError: the study has no trial of that index.
    """
    trial, cell, arm = trial_list.trial(session, study.id, index)
    measured = trial_list.measurement(session, study.id, index)
    source = studies.public_id(session, trial.source_study_id) if trial.source_study_id else None
    return answers.TrialDetail.model_validate(
        {
            **_said(trial, cell, arm),
            "cell": cell.key,
            "definition": whole(arm.definition, cell.changes),
            "metrics": measured.metrics if measured else {},
            "curves": curves.unpack(measured.lengths, measured.curves) if measured else {},
            "source_study": source,
        }
    )
