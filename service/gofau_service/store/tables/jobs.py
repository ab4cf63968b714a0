"""The table of Ray jobs and that of the replica that leads."""

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gofau_service.store.base import Base, Long, Seconds, Short


class Job(Base):
    """One Ray job of a study. ``sequence`` and the study make the submission id.

    ``starting`` means that the job may or may not have reached the cluster; ``active`` that the
    cluster has it; ``ended`` that it will do nothing more. ``progress`` is the study's count of
    final trials when the job began, to tell whether it got anywhere.
    """

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("study_id", "sequence"), Index("ix_jobs_state", "state"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    submission_id: Mapped[Short] = mapped_column(unique=True)
    state: Mapped[Short]
    status: Mapped[Short | None]
    message: Mapped[Long | None]
    progress: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Seconds]
    ended_at: Mapped[Seconds | None]


class Leadership(Base):
    """Which replica acts. A replica takes over once ``beats`` has stood still for a while."""

    __tablename__ = "leadership"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    holder: Mapped[Short]
    beats: Mapped[int]
