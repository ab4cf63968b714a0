"""Tokens as the API shows them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from gofau_service.store.tables.tokens import TokenRow
from gofau_service.studies.schemas import Out, moment

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
PersonScope = Literal["read", "submit", "admin"]


class TokenRequest(BaseModel):
    """A token to make."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(examples=["laptop"])
    owner: Name = Field(examples=["ada"], description="whose studies it sees")
    scopes: list[PersonScope] = Field(min_length=1, max_length=3, examples=[["submit"]])
    expires_in_s: float | None = Field(
        None, gt=0, lt=1e9, description="seconds that it lasts; without: until it is revoked"
    )


class TokenView(Out):
    """A token without its secret."""

    id: str
    name: str
    owner: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: TokenRow) -> Self:
        """The view of a stored token."""
        return cls(
            id=row.public_id,
            name=row.name,
            owner=row.owner,
            scopes=row.scopes,
            created_at=moment(row.created_at),
            expires_at=moment(row.expires_at) if row.expires_at else None,
            revoked_at=moment(row.revoked_at) if row.revoked_at else None,
        )


class NewToken(TokenView):
    """A token just made; ``token`` is shown this once."""

    token: str
