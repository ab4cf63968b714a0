"""SQL on trials. Every change names the state it starts from, so that none happens twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    bindparam,
    column,
    func,
    insert,
    literal,
    select,
    true,
    update,
    values,
)
from sqlalchemy.orm import Session

from gofau_service.store.base import now
from gofau_service.store.records import among, given, hexadecimal, records, takes_records
from gofau_service.store.tables.studies import Cell
from gofau_service.store.tables.trials import Measurement, Trial
from gofau_studies.protocol.trials import TrialState


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger needs to know of a trial."""

    index: int
    cell: int
    state: str
    lease_id: int | None
    attempts: int


CHUNK = 5_000
WAITING, RUNNING = TrialState.WAITING.value, TrialState.RUNNING.value
UNSYNCHRONIZED = {"synchronize_session": False}


def enumerate_trials(
    session: Session, study_id: int, ordinals: range, seeds: Sequence[int], first: int
) -> None:
    """One waiting trial for each of some cells and each seed, inside the database.

    Trial ``first + i·S + j`` is the i-th of these cells with the j-th of S seeds.
    """
    for start in range(0, len(seeds), CHUNK):
        chunk = list(enumerate(seeds))[start : start + CHUNK]
        grid = values(column("place", Integer), column("seed", Trial.seed.type), name="v")
        v = grid.data(chunk).cte("seeds")
        place = first + (Cell.ordinal - ordinals.start) * len(seeds) + v.c.place
        rows = (
            select(Cell.study_id, place, Cell.ordinal, v.c.seed, literal(WAITING), literal(0))
            .join(v, true())
            .where(
                Cell.study_id == study_id,
                Cell.ordinal >= ordinals.start,
                Cell.ordinal < ordinals.stop,
            )
            .order_by(place)
        )
        names = ["study_id", "index", "cell", "seed", "state", "attempts"]
        session.execute(insert(Trial).from_select(names, rows))


def waiting(session: Session, study_id: int, after: int, limit: int) -> Sequence[Trial]:
    """Waiting trials in order of their index."""
    query = (
        select(Trial)
        .where(Trial.study_id == study_id, Trial.state == WAITING, Trial.index > after)
        .order_by(Trial.index)
        .limit(limit)
    )
    return session.scalars(query).all()


def grant(session: Session, study_id: int, lease_id: int, indexes: Iterable[int]) -> list[int]:
    """Put waiting trials under a lease, counting an attempt; the rest is left alone."""
    statement = (
        update(Trial)
        .where(
            Trial.study_id == study_id, among(session, Trial.index, indexes), Trial.state == WAITING
        )
        .values(state=RUNNING, lease_id=lease_id, attempts=Trial.attempts + 1)
        .returning(Trial.index)
        .execution_options(**UNSYNCHRONIZED)
    )
    return sorted(session.execute(statement).scalars())


def take_back(session: Session, study_id: int, lease_id: int) -> int:
    """Return all that a lease holds to waiting, as if the attempt had not been."""
    statement = (
        update(Trial)
        .where(*_of_lease(study_id, lease_id))
        .values(state=WAITING, lease_id=None, attempts=Trial.attempts - 1)
        .returning(Trial.index)
        .execution_options(**UNSYNCHRONIZED)
    )
    return len(session.execute(statement).all())


def attempts(
    session: Session, study_id: int, lease_id: int, indexes: Iterable[int] | None = None
) -> list[Row[int, int, int]]:
    """Index, cell and attempts of what a lease holds, or of those among ``indexes``."""
    query = select(Trial.index, Trial.cell, Trial.attempts).where(*_of_lease(study_id, lease_id))
    if indexes is not None:
        query = query.where(among(session, Trial.index, indexes))
    return list(session.execute(query))


def end_attempts(
    session: Session, study_id: int, lease_id: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write what became of attempts under a lease; each row has ``at`` and the columns to set.

    Raises:
        RuntimeError: a trial was not running under that lease, so nothing may be written.
    """
    if not rows:
        return
    columns = [name for name in rows[0] if name != "at"]
    held = update(Trial).where(*_of_lease(study_id, lease_id))
    if takes_records(session):
        new = records({"at": Trial.index.type} | {n: getattr(Trial, n).type for n in columns}).c
        together = held.where(Trial.index == new.at).values({n: new[n] for n in columns})
        changed = session.connection().execute(together, given(rows)).rowcount
    else:
        repeated = held.where(Trial.index == bindparam("at"))
        repeated = repeated.values({name: bindparam(name) for name in columns})
        changed = session.connection().execute(repeated, list(rows)).rowcount
    if changed != len(rows):
        raise RuntimeError(f"results: {changed} rows changed, expected {len(rows)}")


def add_measurements(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the metrics and curves of trials that completed."""
    if rows and takes_records(session):
        new = records({name: getattr(Measurement, name).type for name in rows[0]})
        statement = insert(Measurement).from_select(list(rows[0]), select(new))
        texts = ({**row, "curves": hexadecimal(row["curves"])} for row in rows)
        session.connection().execute(statement, given(texts))
    elif rows:
        session.connection().execute(insert(Measurement), list(rows))


def close(
    session: Session,
    study_id: int,
    opened: Iterable[str],
    *,
    state: TrialState,
    revision: int,
    error: str | None,
) -> None:
    """End all trials that are in one of the ``opened`` states."""
    statement = (
        update(Trial)
        .where(Trial.study_id == study_id, Trial.state.in_(list(opened)))
        .values(state=state.value, revision=revision, ended_at=now(), lease_id=None)
        .execution_options(**UNSYNCHRONIZED)
    )
    if error is not None:
        statement = statement.values(error=func.coalesce(Trial.error, literal(error)))
    session.execute(statement)


def reopen(session: Session, study_id: int, state: TrialState) -> None:
    """Let trials that ended in a state wait again, as if they had never been tried."""
    statement = (
        update(Trial)
        .where(Trial.study_id == study_id, Trial.state == state.value)
        .values(state=WAITING, attempts=0, lease_id=None, revision=None, ended_at=None)
        .execution_options(**UNSYNCHRONIZED)
    )
    session.execute(statement)


def cell_counts(session: Session, study_id: int, states: Iterable[str]) -> dict[int, int]:
    """How many trials of each cell are in any of the states."""
    query = (
        select(Trial.cell, func.count())
        .where(Trial.study_id == study_id, Trial.state.in_(list(states)))
        .group_by(Trial.cell)
    )
    return dict(session.execute(query).all())


def first_error(session: Session, study_id: int) -> str | None:
    """The error of the first failed trial, in the order of the grid."""
    query = (
        select(Trial.error)
        .where(Trial.study_id == study_id, Trial.state == TrialState.FAILED.value)
        .order_by(Trial.index)
        .limit(1)
    )
    return session.scalars(query).first()


def standings(session: Session, study_id: int, indexes: Iterable[int]) -> dict[int, Standing]:
    """Where trials stand, by index."""
    query = select(Trial.index, Trial.cell, Trial.state, Trial.lease_id, Trial.attempts).where(
        Trial.study_id == study_id, among(session, Trial.index, indexes)
    )
    return {row[0]: Standing(*row) for row in session.execute(query)}


def holds_any(session: Session, study_id: int, lease_id: int) -> bool:
    """Whether a lease still holds a trial."""
    query = select(Trial.index).where(*_of_lease(study_id, lease_id)).limit(1)
    return session.execute(query).first() is not None


def _of_lease(study_id: int, lease_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Trial.study_id == study_id,
        Trial.state == RUNNING,
        Trial.lease_id == lease_id,
    )
