"""SQL on which replica leads."""

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gofau_service.store.tables.jobs import Leadership

ROW = 1


def leader(session: Session) -> tuple[str, int] | None:
    """Who leads, and how often it has said so; ``None`` before the first replica."""
    row = session.execute(select(Leadership.holder, Leadership.beats)).first()
    return None if row is None else (row[0], row[1])


def found(session: Session, name: str) -> bool:
    """Lead as the first replica ever; false where another one was faster."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row = insert(Leadership).values(id=ROW, holder=name, beats=0)
    statement = row.on_conflict_do_nothing().returning(Leadership.id)
    return session.execute(statement).first() is not None


def advance(session: Session, name: str, holder: str, beats: int) -> bool:
    """Lead after a leader, or go on leading; false where it has beaten since, or another leads."""
    statement = (
        update(Leadership)
        .where(Leadership.holder == holder, Leadership.beats == beats)
        .values(holder=name, beats=beats + 1)
        .returning(Leadership.id)
    )
    return session.execute(statement).first() is not None
