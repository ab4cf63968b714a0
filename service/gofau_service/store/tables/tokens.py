"""The table of API tokens."""

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from gofau_service.store.base import Base, Seconds, Short


class TokenRow(Base):
    """A token's SHA-256 and what it allows. The token itself is shown once and never stored."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    public_id: Mapped[Short] = mapped_column(unique=True)
    name: Mapped[Short]
    digest: Mapped[Short] = mapped_column(unique=True)
    owner: Mapped[Short]
    scopes: Mapped[list[str]]
    study_id: Mapped[int | None] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds | None]
    revoked_at: Mapped[Seconds | None]
