"""Tables of trials and of what they measured."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column
from sqlalchemy.types import TypeEngine

from gofau_service.store.base import Base, Big, Long, Real, Seconds, Short
from gofau_studies.protocol.trial_facts import FACTS, RESULTS, kind


class Trial(Base):
    """One cell with one seed. ``lease_id`` is the lease that holds it or that completed it.

    Below are the columns that statements name. What else a result says of a trial has a column by
    `gofau_studies.protocol.trial_facts`.
    """

    __tablename__ = "trials"
    __table_args__ = (
        UniqueConstraint("study_id", "cell", "seed"),
        Index("ix_trials_study_id_state", "study_id", "state", "index"),
        Index("ix_trials_study_id_revision", "study_id", "revision"),
        {"sqlite_with_rowid": False},
    )

    study_id: Mapped[int] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True
    )
    index: Mapped[int] = mapped_column(primary_key=True)
    cell: Mapped[int]
    seed: Mapped[Big]
    state: Mapped[Short]
    outcome: Mapped[Short | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_id: Mapped[int | None]
    revision: Mapped[int | None]
    value: Mapped[Real | None]
    epochs_run: Mapped[int | None]
    wall_s: Mapped[Real | None]
    code_version: Mapped[Short | None]
    inputs: Mapped[Short | None]
    environment: Mapped[Short | None]
    error: Mapped[Long | None]
    ended_at: Mapped[Seconds | None]
    source_study_id: Mapped[int | None]
    source_index: Mapped[int | None]


def _column(name: str) -> MappedColumn[Any]:
    """The column of a fact, empty for a trial without a result."""
    wide = FACTS[name].wide
    types: dict[type, TypeEngine[Any]] = {
        float: Double(),
        int: BigInteger() if wide else Integer(),
        str: Text() if wide else String(200),
    }
    return mapped_column(types[kind(name)], nullable=True)


for _name in RESULTS:
    if _name not in Trial.__table__.columns:
        setattr(Trial, _name, _column(_name))


class Measurement(Base):
    """The metrics of a completed trial and their curves, packed as little-endian float64.

    ``lengths`` maps each metric, in the order of the bytes, to the length of its curve; NaN
    stands for a number that was not finite.
    """

    __tablename__ = "measurements"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "index"], ["trials.study_id", "trials.index"], ondelete="CASCADE"
        ),
        {"sqlite_with_rowid": False},
    )

    study_id: Mapped[int] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    metrics: Mapped[dict[str, Any]]
    lengths: Mapped[dict[str, int]]
    curves: Mapped[bytes] = mapped_column(LargeBinary)
