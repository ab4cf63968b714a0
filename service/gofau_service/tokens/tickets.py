"""Single-use tickets: what a job carries through Ray in the place of its token.

Whoever may read Ray's job API reads a job's environment. A ticket there is good for one exchange,
soon after its making, and for nothing else; the token that it is exchanged for is made by the
driver, which sends its SHA-256 alone.
"""

from gofau_service.errors import UnauthorizedError
from gofau_service.store import tokens
from gofau_service.store.base import now
from gofau_service.store.engine import Session
from gofau_service.store.tables.tokens import TokenRow
from gofau_service.tokens.bearer import admit, digest, issue
from gofau_service.tokens.principal import Scope

TTL_S = 900.0
"""A driver starts within seconds of its submission; a cluster that is starting takes minutes."""

USED = "the ticket is unknown, expired, revoked or was used by another driver"


def issue_ticket(session: Session, owner: str, name: str, study_id: int) -> str:
    """Make a ticket for a worker token of that name and study."""
    ticket, _ = issue(
        session, owner, [Scope.TICKET], name, study_id=study_id, expires_at=now() + TTL_S
    )
    return ticket


def redeem(session: Session, ticket: str, token_digest: str) -> int:
    """Make the token of that digest good for the ticket's study, whose internal id is returned.

    A repeated exchange for the same token changes nothing, since an answer may have been lost.

    Raises:
        UnauthorizedError: the ticket is good for nothing, or was used for another token.
    """
    row = tokens.find(session, digest(ticket))
    if row is None or row.study_id is None or row.scopes != [Scope.TICKET]:
        raise UnauthorizedError(USED)
    known = tokens.find(session, token_digest)
    if known is None and tokens.spend(session, row.id):
        admit(session, token_digest, row.owner, [Scope.WORKER], row.name, study_id=row.study_id)
    elif known is None or not _stems_from(known, row):
        raise UnauthorizedError(USED)
    return row.study_id


def _stems_from(token: TokenRow, ticket: TokenRow) -> bool:
    """Whether it is the token that the ticket was used for, and still good."""
    same = (token.study_id, token.name) == (ticket.study_id, ticket.name)
    return same and token.scopes == [Scope.WORKER] and token.revoked_at is None
