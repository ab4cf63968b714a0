"""Tables of inputs and environments. Leases and trials name them by digest."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from gofau_service.store.base import Base, Seconds, Short


class InputsRow(Base):
    """What trainings depended on beside gofau and their cell: data, module, loss, other code."""

    __tablename__ = "inputs"

    digest: Mapped[Short] = mapped_column(primary_key=True)
    record: Mapped[dict[str, Any]]
    seen_at: Mapped[Seconds]


class EnvironmentRow(Base):
    """What decides the last bits of results where they were computed: processor, libraries, ..."""

    __tablename__ = "environments"

    digest: Mapped[Short] = mapped_column(primary_key=True)
    record: Mapped[dict[str, Any]]
    seen_at: Mapped[Seconds]
