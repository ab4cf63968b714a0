"""SQL on inputs and environments."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gofau_service.store.base import now
from gofau_service.store.tables.provenance import EnvironmentRow, InputsRow
from gofau_service.store.tables.studies import Arm, Cell
from gofau_service.store.tables.trials import Trial
from gofau_studies.protocol.trials import TrialState
from gofau_studies.spec.canonical import content_hash

DIGITS = 32
"""Of a digest: workers compute the same of the same record."""

Kept = type[InputsRow] | type[EnvironmentRow]


def keep(session: Session, table: Kept, record: Mapping[str, Any] | None) -> str | None:
    """Store a record unless it is there, and return its digest; ``None`` for no record."""
    if record is None:
        return None
    digest = content_hash(record)[:DIGITS]
    row = {"digest": digest, "record": dict(record), "seen_at": now()}
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    session.execute(insert(table).values(row).on_conflict_do_nothing())
    return digest


def records(session: Session, table: Kept, digests: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Records by digest."""
    wanted = sorted(set(digests))
    query = select(table.digest, table.record).where(table.digest.in_(wanted))
    return dict(session.execute(query).all())


def environments(session: Session, study_id: int) -> list[Row[str | None, int]]:
    """The digests under which a study's trials were computed, each with how many they are."""
    query = (
        select(Trial.environment, func.count())
        .where(Trial.study_id == study_id, Trial.state == TrialState.COMPLETED.value)
        .group_by(Trial.environment)
    )
    return list(session.execute(query.order_by(func.count().desc(), Trial.environment)))


def inputs(session: Session, study_id: int) -> dict[tuple[str, str, str | None], int]:
    """How many of a study's completed trials have a problem, a rule and a digest of inputs."""
    query = (
        select(Cell.arm, Trial.inputs, func.count())
        .join(Cell, (Cell.study_id == Trial.study_id) & (Cell.ordinal == Trial.cell))
        .where(Trial.study_id == study_id, Trial.state == TrialState.COMPLETED.value)
        .group_by(Cell.arm, Trial.inputs)
        .order_by(Cell.arm, func.count().desc(), Trial.inputs)
    )
    arms = {arm.ordinal: arm for arm in _arms(session, study_id)}
    found: dict[tuple[str, str, str | None], int] = {}
    for ordinal, digest, count in session.execute(query):
        key = (arms[ordinal].problem, arms[ordinal].rule, digest)
        found[key] = found.get(key, 0) + count
    return found


def _arms(session: Session, study_id: int) -> Iterable[Arm]:
    return session.scalars(select(Arm).where(Arm.study_id == study_id))
