"""The table of leases."""

from sqlalchemy import ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from gofau_service.store.base import Base, Seconds, Short


class LeaseRow(Base):
    """Trials held by one worker. ``beats`` counts heartbeats; silence is measured by who watches.

    A lease is ``active`` until it is ``done`` (nothing left), ``released`` or ``expired``.
    """

    __tablename__ = "leases"
    __table_args__ = (Index("ix_leases_state", "state", "study_id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[Short] = mapped_column(unique=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    worker: Mapped[Short]
    code_version: Mapped[Short]
    inputs: Mapped[Short | None]
    environment: Mapped[Short | None]
    state: Mapped[Short]
    granted: Mapped[int]
    beats: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Seconds]
    beat_at: Mapped[Seconds]
