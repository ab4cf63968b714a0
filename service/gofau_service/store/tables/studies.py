"""Tables of studies, their arms and their cells."""

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from gofau_service.store.base import Base, Long, Real, Seconds, Short
from gofau_studies.protocol.trials import Outcome


class OutcomeColumns:
    """How many trials ended in each way: a column an outcome, named like it."""


for _outcome in Outcome:
    _count = mapped_column(Integer, default=0, server_default=text("0"), nullable=False)
    setattr(OutcomeColumns, _outcome.value, _count)


class Study(OutcomeColumns, Base):
    """A stored spec with its state and the counts of its trials, kept as results land.

    ``revision`` grows with every change of the study's trials; a trial keeps the revision at
    which it ended, so that a listener can resume where it stopped. A ``doomed`` study is deleted
    as soon as its job has ended. ``unplanned`` counts the trials that later rounds of its search
    are to append; the study goes on until there are none.
    """

    __tablename__ = "studies"
    __table_args__ = (
        UniqueConstraint("owner", "idempotency_key"),
        Index("ix_studies_state", "state"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[Short] = mapped_column(unique=True)
    name: Mapped[Short]
    owner: Mapped[Short]
    state: Mapped[Short]
    spec: Mapped[dict[str, Any]]
    source: Mapped[Long]
    spec_hash: Mapped[Short] = mapped_column(index=True)
    request_hash: Mapped[Short]
    idempotency_key: Mapped[Short | None]
    reuse: Mapped[bool]
    doomed: Mapped[bool] = mapped_column(default=False, server_default=false())
    goal_metric: Mapped[Short]
    max_attempts: Mapped[int]
    revision: Mapped[int] = mapped_column(default=0)
    unplanned: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    waiting: Mapped[int] = mapped_column(default=0)
    running: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    reused: Mapped[int] = mapped_column(default=0)
    message: Mapped[Long | None]
    created_at: Mapped[Seconds]
    started_at: Mapped[Seconds | None]
    ended_at: Mapped[Seconds | None]


class StudyTag(Base):
    """A tag of a study."""

    __tablename__ = "study_tags"

    study_id: Mapped[int] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[Short] = mapped_column(primary_key=True, index=True)


class Arm(Base):
    """One (problem, direction, rule) of a study, with all that its cells' definitions share."""

    __tablename__ = "arms"

    study_id: Mapped[int] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    problem: Mapped[Short]
    direction: Mapped[Short]
    rule: Mapped[Short]
    problem_name: Mapped[Short]
    definition: Mapped[dict[str, Any]]


class Cell(OutcomeColumns, Base):
    """One hyperparameter point of an arm, with aggregates over its seeds.

    ``changes`` is what the cell's definition has beyond its arm's. Sums are over the goal metric
    in its own unit, a diverged trial counting as the problem's cap; ``valued`` counts the terms.
    """

    __tablename__ = "cells"
    __table_args__ = (
        UniqueConstraint("study_id", "key"),
        Index("ix_cells_key", "key"),
        Index("ix_cells_study_id_arm", "study_id", "arm", "ordinal"),
        {"sqlite_with_rowid": False},
    )

    study_id: Mapped[int] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    arm: Mapped[int]
    key: Mapped[Short]
    point: Mapped[dict[str, float]]
    changes: Mapped[dict[str, Any]]
    trials: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    valued: Mapped[int] = mapped_column(default=0)
    value_sum: Mapped[Real] = mapped_column(default=0.0)
    value_sumsq: Mapped[Real] = mapped_column(default=0.0)
    value_min: Mapped[Real | None]
    value_max: Mapped[Real | None]
    wall_s: Mapped[Real] = mapped_column(default=0.0)
