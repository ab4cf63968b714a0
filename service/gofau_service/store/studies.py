"""SQL on studies and their tags."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Row, func, insert, select
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session

from gofau_service.errors import NotFoundError
from gofau_service.store.base import now
from gofau_service.store.tables.studies import Study, StudyTag
from gofau_studies.protocol.trials import StudyState, TrialState

CHUNK = 500
OPEN = tuple(state.value for state in StudyState if not state.final)


def add(session: Session, study: Study) -> Study:
    """Store a study.

    Raises:
        IntegrityError: its owner has one of the same idempotency key.
    """
    session.add(study)
    session.flush()
    return study


def delete(session: Session, study_id: int) -> None:
    """Delete a study with all that belongs to it."""
    session.execute(delete_rows(Study).where(Study.id == study_id))


def find(session: Session, public_id: str, owner: str | None = None) -> Study:
    """The study of that id, if ``owner`` (when given) owns it.

    Raises:
        NotFoundError: there is none.
    """
    study = session.scalar(select(Study).where(Study.public_id == public_id))
    if study is None or (owner is not None and study.owner != owner):
        raise NotFoundError(f"no study {public_id}")
    return study


def lock(session: Session, public_id: str, owner: str | None = None) -> Study:
    """The study, held until the transaction ends: whoever changes its trials takes its turn.

    Raises:
        NotFoundError: there is none.
    """
    return lock_id(session, find(session, public_id, owner).id)


def lock_id(session: Session, study_id: int) -> Study:
    """The same by internal id.

    Raises:
        NotFoundError: it has been deleted.
    """
    query = select(Study).where(Study.id == study_id).with_for_update()
    study = session.scalar(query.execution_options(populate_existing=True))
    if study is None:
        raise NotFoundError("the study has been deleted")
    return study


def by_id(session: Session, study_id: int) -> Study:
    """The study of that internal id, which something that is stored refers to."""
    return session.get_one(Study, study_id)


def public_id(session: Session, study_id: int) -> str | None:
    """The public id of a study, unless it has been deleted."""
    study = session.get(Study, study_id)
    return None if study is None else study.public_id


def by_ids(session: Session, ids: Sequence[int]) -> Iterator[Study]:
    """The studies of these internal ids that are still there, some at a time."""
    for first in range(0, len(ids), CHUNK):
        wanted = Study.id.in_(ids[first : first + CHUNK])
        yield from session.scalars(select(Study).where(wanted).order_by(Study.id))


def by_idempotency_key(session: Session, owner: str, key: str) -> Study | None:
    """The study that this owner submitted under that key."""
    query = select(Study).where(Study.owner == owner, Study.idempotency_key == key)
    return session.scalar(query)


def tags(session: Session, study_ids: Iterable[int]) -> dict[int, list[str]]:
    """Tags by study, sorted."""
    ids = list(study_ids)
    found: dict[int, list[str]] = {study_id: [] for study_id in ids}
    query = select(StudyTag).where(StudyTag.study_id.in_(ids)).order_by(StudyTag.tag)
    for row in session.scalars(query):
        found[row.study_id].append(row.tag)
    return found


def set_tags(session: Session, study_id: int, wanted: Iterable[str]) -> None:
    """Replace a study's tags."""
    session.execute(delete_rows(StudyTag).where(StudyTag.study_id == study_id))
    rows = [{"study_id": study_id, "tag": tag} for tag in sorted(set(wanted))]
    if rows:
        session.execute(insert(StudyTag), rows)


def set_state(
    session: Session, study: Study, state: StudyState, message: str | None = None
) -> None:
    """Move a locked study to a state, with the times that go with it."""
    study.state = state
    study.message = message
    study.revision += 1
    if state is StudyState.RUNNING and study.started_at is None:
        study.started_at = now()
    study.ended_at = now() if state.final else None
    session.flush()


def open_trials(session: Session, owner: str) -> int:
    """Trials of an owner that have not ended."""
    query = select(
        func.coalesce(func.sum(Study.waiting + Study.running + Study.unplanned), 0)
    ).where(Study.owner == owner, Study.state.in_(OPEN))
    return session.execute(query).scalar_one()


def in_states(session: Session, states: Iterable[StudyState]) -> Sequence[Study]:
    """Studies in any of the states, oldest first."""
    wanted = [state.value for state in states]
    return session.scalars(select(Study).where(Study.state.in_(wanted)).order_by(Study.id)).all()


def marks(session: Session) -> Sequence[Row[int, str, str, int, int]]:
    """Of every study its internal id, id and owner, and what changes with it: its revision, and how
    many of its trials wait."""
    query = select(Study.id, Study.public_id, Study.owner, Study.revision, Study.waiting)
    return session.execute(query).all()


def count_by_state(session: Session) -> dict[str, int]:
    """How many studies are in each state that any is in."""
    return dict(session.execute(select(Study.state, func.count()).group_by(Study.state)).all())


def trials_by_state(session: Session) -> dict[TrialState, int]:
    """How many trials of all studies are in each state."""
    sums = [func.coalesce(func.sum(getattr(Study, state.value)), 0) for state in TrialState]
    totals = session.execute(select(*sums)).one()
    return {state: int(count) for state, count in zip(TrialState, totals, strict=True)}
