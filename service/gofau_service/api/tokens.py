"""``/v1/tokens``: an admin makes, lists and revokes tokens."""

from typing import Annotated

from fastapi import APIRouter, Path

from gofau_service.api.dependencies import Admin, Cursor, Limit, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.errors import NotFoundError
from gofau_service.pagination import Page, decode, encode
from gofau_service.store import tokens as repository
from gofau_service.store.base import now
from gofau_service.tokens import tokens as service
from gofau_service.tokens.principal import Scope
from gofau_service.tokens.schemas import NewToken, TokenRequest, TokenView

router = APIRouter(prefix="/v1/tokens", tags=["tokens"], responses=PROBLEMS)

TokenId = Annotated[str, Path(max_length=64, description="id of the token")]


@router.post("", status_code=201)
def create(app: Use, _: Admin, wanted: TokenRequest) -> NewToken:
    """Make a token; the answer is the only place where it can be read."""
    expires = now() + wanted.expires_in_s if wanted.expires_in_s else None
    scopes = [Scope(scope) for scope in wanted.scopes]
    with app.store.write() as session:
        token, row = service.issue(session, wanted.owner, scopes, wanted.name, expires_at=expires)
        return NewToken(**dict(TokenView.of(row)), token=token)


@router.get("")
def list_tokens(app: Use, _: Admin, cursor: Cursor = None, limit: Limit = 100) -> Page[TokenView]:
    """People's tokens from the newest on."""
    at = decode(cursor, int)
    with app.store.read() as session:
        rows = repository.page(session, at[0] if at else None, limit + 1)
        items = [TokenView.of(row) for row in rows[:limit]]
        more = encode(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=items, next_cursor=more)


@router.delete("/{token_id}")
def revoke(app: Use, _: Admin, token_id: TokenId) -> TokenView:
    """Revoke a token; it is refused from now on."""
    with app.store.write() as session:
        row = repository.by_public_id(session, token_id)
        if row is None:
            raise NotFoundError(f"no token {token_id}")
        if row.revoked_at is None:
            row.revoked_at = now()
        return TokenView.of(row)
