"""SQL on leases."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gofau_service.errors import NotFoundError
from gofau_service.store.base import now
from gofau_service.store.tables.leases import LeaseRow

ACTIVE = "active"


def add(session: Session, lease: LeaseRow) -> LeaseRow:
    """Store a lease."""
    session.add(lease)
    session.flush()
    return lease


def find(session: Session, public_id: str, study_id: int | None) -> LeaseRow:
    """The lease of that id, if it belongs to the study that the caller may work on.

    Raises:
        NotFoundError: there is none.
    """
    lease = session.scalar(select(LeaseRow).where(LeaseRow.public_id == public_id))
    if lease is None or lease.study_id != study_id:
        raise NotFoundError(f"no lease {public_id}")
    return lease


def by_id(session: Session, lease_id: int) -> LeaseRow:
    """The lease of that internal id."""
    return session.get_one(LeaseRow, lease_id)


def lock(session: Session, lease_id: int) -> LeaseRow:
    """The lease as it is now; its study's row is locked, so it stays so."""
    query = select(LeaseRow).where(LeaseRow.id == lease_id)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def beat(session: Session, lease_id: int) -> bool:
    """Count a heartbeat; false when the lease is over."""
    statement = (
        update(LeaseRow)
        .where(LeaseRow.id == lease_id, LeaseRow.state == ACTIVE)
        .values(beats=LeaseRow.beats + 1, beat_at=now())
        .returning(LeaseRow.id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).first() is not None


def active(session: Session) -> Sequence[LeaseRow]:
    """All leases that are held."""
    return session.scalars(select(LeaseRow).where(LeaseRow.state == ACTIVE)).all()


def active_of(session: Session, study_id: int) -> Sequence[LeaseRow]:
    """The leases of a study that are held."""
    query = select(LeaseRow).where(LeaseRow.state == ACTIVE, LeaseRow.study_id == study_id)
    return session.scalars(query).all()


def end_all(session: Session, study_id: int, state: str) -> None:
    """End every held lease of a study whose trials have been dealt with."""
    session.execute(
        update(LeaseRow)
        .where(LeaseRow.study_id == study_id, LeaseRow.state == ACTIVE)
        .values(state=state)
        .execution_options(synchronize_session=False)
    )
