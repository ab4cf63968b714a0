"""``/v1/tokens``: an admin makes, lists and revokes tokens."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from gofau_service.answers import NewToken, Page, Token
from gofau_service.api.dependencies import Admin, Cursor, Limit, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.errors import NotFoundError
from gofau_service.pagination import decode, encode
from gofau_service.store import tokens
from gofau_service.store.base import now
from gofau_service.store.tables.tokens import TokenRow
from gofau_service.tokens import bearer
from gofau_service.tokens.principal import Scope

router = APIRouter(prefix="/v1/tokens", tags=["tokens"], responses=PROBLEMS)

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
PersonScope = Literal["read", "submit", "admin"]
TokenId = Annotated[str, Path(max_length=64, description="id of the token")]


class TokenRequest(BaseModel):
    """A token to make."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(examples=["laptop"])
    owner: Name = Field(examples=["ada"], description="whose studies it sees")
    scopes: list[PersonScope] = Field(min_length=1, max_length=3, examples=[["submit"]])
    expires_in_s: float | None = Field(
        None, gt=0, lt=1e9, description="seconds that it lasts; without: until it is revoked"
    )


@router.post("", status_code=201)
def create(app: Use, _: Admin, wanted: TokenRequest) -> NewToken:
    """Make a token; the answer is the only place where it can be read."""
    expires = now() + wanted.expires_in_s if wanted.expires_in_s else None
    scopes = [Scope(scope) for scope in wanted.scopes]
    with app.store.write() as session:
        token, row = bearer.issue(session, wanted.owner, scopes, wanted.name, expires_at=expires)
        return NewToken.model_validate({**_said(row), "token": token})


@router.get("")
def list_tokens(app: Use, _: Admin, cursor: Cursor = None, limit: Limit = 100) -> Page[Token]:
    """People's tokens from the newest on."""
    at = decode(cursor, int)
    with app.store.read() as session:
        rows = tokens.page(session, at[0] if at else None, limit + 1)
        items = tuple(Token.model_validate(_said(row)) for row in rows[:limit])
        more = encode(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=items, next_cursor=more)


@router.delete("/{token_id}")
def revoke(app: Use, _: Admin, token_id: TokenId) -> Token:
    """Revoke a token; it is refused from now on."""
    with app.store.write() as session:
        row = tokens.by_public_id(session, token_id)
        if row is None:
            raise NotFoundError(f"no token {token_id}")
        if row.revoked_at is None:
            row.revoked_at = now()
        return Token.model_validate(_said(row))


def _said(row: TokenRow) -> dict[str, Any]:
    same = ("name", "owner", "scopes", "created_at", "expires_at", "revoked_at")
    return {"id": row.public_id, **{name: getattr(row, name) for name in same}}
