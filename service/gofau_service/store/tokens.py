"""SQL on tokens."""

from collections.abc import Sequence

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from gofau_service.store.base import now
from gofau_service.store.tables.tokens import TokenRow


def by_digest(session: Session, digest: str) -> TokenRow | None:
    """The token of that digest, unless it has expired or been revoked."""
    query = select(TokenRow).where(
        TokenRow.digest == digest,
        TokenRow.revoked_at.is_(None),
        or_(TokenRow.expires_at.is_(None), TokenRow.expires_at > now()),
    )
    return session.scalar(query)


def find(session: Session, digest: str) -> TokenRow | None:
    """The token of that digest, whether it is still good or not."""
    return session.scalar(select(TokenRow).where(TokenRow.digest == digest))


def spend(session: Session, token_id: int) -> bool:
    """Revoke a token once; false where it has expired, or was revoked before."""
    statement = (
        update(TokenRow)
        .where(
            TokenRow.id == token_id,
            TokenRow.revoked_at.is_(None),
            or_(TokenRow.expires_at.is_(None), TokenRow.expires_at > now()),
        )
        .values(revoked_at=now())
        .returning(TokenRow.id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).first() is not None


def add(session: Session, row: TokenRow) -> TokenRow:
    """Store a token."""
    session.add(row)
    session.flush()
    return row


def by_public_id(session: Session, public_id: str) -> TokenRow | None:
    """The token of that id."""
    return session.scalar(select(TokenRow).where(TokenRow.public_id == public_id))


def page(session: Session, before: int | None, limit: int) -> Sequence[TokenRow]:
    """People's tokens (not workers'), newest first."""
    query = select(TokenRow).where(TokenRow.study_id.is_(None))
    if before is not None:
        query = query.where(TokenRow.id < before)
    return session.scalars(query.order_by(TokenRow.id.desc()).limit(limit)).all()


def revoke_of_study(session: Session, study_id: int) -> None:
    """Revoke the worker tokens of a study."""
    session.execute(
        update(TokenRow)
        .where(TokenRow.study_id == study_id, TokenRow.revoked_at.is_(None))
        .values(revoked_at=now())
    )
