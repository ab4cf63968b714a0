"""Issuing and checking tokens. A token is 256 random bits; the store keeps its SHA-256."""

import hashlib
import secrets
from collections.abc import Iterable

from gofau_service.store import tokens
from gofau_service.store.base import now
from gofau_service.store.engine import Session
from gofau_service.store.tables.tokens import TokenRow
from gofau_service.tokens.principal import Principal, Scope, implied

PREFIX = "gofau_"


def digest(token: str) -> str:
    """What the store keeps. A plain hash is enough, since a token cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue(
    session: Session,
    owner: str,
    scopes: Iterable[Scope],
    name: str,
    *,
    study_id: int | None = None,
    expires_at: float | None = None,
    token: str | None = None,
) -> tuple[str, TokenRow]:
    """Make a token and return it, the only time that it exists in clear, with its row."""
    token = token or PREFIX + secrets.token_urlsafe(32)
    allowed = digest(token), owner, scopes, name
    return token, admit(session, *allowed, study_id=study_id, expires_at=expires_at)


def admit(
    session: Session,
    token_digest: str,
    owner: str,
    scopes: Iterable[Scope],
    name: str,
    *,
    study_id: int | None = None,
    expires_at: float | None = None,
) -> TokenRow:
    """Make the token of that digest good, without knowing it."""
    row = TokenRow(
        public_id=secrets.token_hex(8),
        name=name,
        digest=token_digest,
        owner=owner,
        scopes=[scope.value for scope in scopes],
        study_id=study_id,
        created_at=now(),
        expires_at=expires_at,
        revoked_at=None,
    )
    return tokens.add(session, row)


def principal(session: Session, token: str) -> Principal | None:
    """Who presents the token; ``None`` where it is unknown, expired or revoked."""
    row = tokens.by_digest(session, digest(token))
    if row is None:
        return None
    return Principal(row.owner, implied(row.scopes), row.study_id)


def ensure_admin(session: Session, token: str) -> None:
    """Accept this token as an admin's, from now on and once."""
    if tokens.by_digest(session, digest(token)) is None:
        issue(session, "admin", [Scope.ADMIN], "from the environment", token=token)
