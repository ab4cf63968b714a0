"""Tables of trials and of what they measured."""

from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gofau_service.store.base import Base, Big, Long, Real, Seconds, Short


class Trial(Base):
    """One cell with one seed. ``lease_id`` is the lease that holds it or that completed it.

    ``inputs`` and ``environment`` name what its result depended on and where it was computed.
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
    best: Mapped[Real | None]
    steps_to_target: Mapped[Big | None]
    steps: Mapped[Big | None]
    epochs_run: Mapped[int | None]
    frozen_fraction: Mapped[Real | None]
    executor: Mapped[Short | None]
    executor_reason: Mapped[Long | None]
    pack_size: Mapped[int | None]
    wall_s: Mapped[Real | None]
    code_version: Mapped[Short | None]
    inputs: Mapped[Short | None]
    environment: Mapped[Short | None]
    error: Mapped[Long | None]
    ended_at: Mapped[Seconds | None]
    source_study_id: Mapped[int | None]
    source_index: Mapped[int | None]


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
