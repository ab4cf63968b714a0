"""What endpoints take from the request: the app's parts, the caller, the page."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from gofau_service.api.rate_limit import RateLimit
from gofau_service.errors import UnauthorizedError
from gofau_service.events.study_changes import StudyChanges
from gofau_service.reconciler.wake_up import WakeUp
from gofau_service.reports.analyst import Analyst
from gofau_service.settings import Settings
from gofau_service.store.engine import Store
from gofau_service.tokens import bearer
from gofau_service.tokens.principal import LOCAL, Principal, Scope


@dataclass(frozen=True)
class Parts:
    """What one app is made of."""

    settings: Settings
    store: Store
    wake_up: WakeUp
    analyst: Analyst
    rates: RateLimit
    changes: StudyChanges


async def parts(request: Request) -> Parts:
    """The app's parts."""
    found: Parts = request.app.state.parts
    return found


Use = Annotated[Parts, Depends(parts)]


def caller(request: Request, app: Use) -> Principal:
    """Who calls: the bearer of a token, or anybody where none is demanded.

    Where tokens are demanded, callers are held to a rate: by address until they are known, then
    by owner. A worker is not, since it is as fast as the cluster that the service gave it.
    """
    token = _bearer(request)
    demanded = app.settings.auth_required
    if token is None and not demanded:
        return LOCAL
    if token is None:
        app.rates.take(address(request))
        raise UnauthorizedError("expected an Authorization header with a bearer token")
    with app.store.read() as session:
        principal = bearer.principal(session, token)
    if principal is None:
        app.rates.take(address(request))
        raise UnauthorizedError("the token is unknown, expired or revoked")
    if demanded and principal.study_id is None:
        app.rates.take(f"owner {principal.owner}")
    return principal


def address(request: Request) -> str:
    """Where a caller that is not known is counted."""
    return f"address {request.client.host if request.client else 'unknown'}"


def _bearer(request: Request) -> str | None:
    header = request.headers.get("Authorization")
    if header is None:
        return None
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token:
        raise UnauthorizedError("expected an Authorization header with a bearer token")
    return token.strip()


def reader(principal: Annotated[Principal, Depends(caller)]) -> Principal:
    """A caller who may read."""
    principal.require(Scope.READ)
    return principal


def submitter(principal: Annotated[Principal, Depends(caller)]) -> Principal:
    """A caller who may submit and change studies."""
    principal.require(Scope.SUBMIT)
    return principal


def admin(principal: Annotated[Principal, Depends(caller)]) -> Principal:
    """A caller who may do everything."""
    principal.require(Scope.ADMIN)
    return principal


def worker(principal: Annotated[Principal, Depends(caller)]) -> Principal:
    """A worker, whose token is always asked for."""
    principal.require(Scope.WORKER)
    return principal


Reader = Annotated[Principal, Depends(reader)]
Submitter = Annotated[Principal, Depends(submitter)]
Admin = Annotated[Principal, Depends(admin)]
Worker = Annotated[Principal, Depends(worker)]
Limit = Annotated[int, Query(ge=1, le=1000, description="rows of a page")]
Cursor = Annotated[
    str | None, Query(max_length=2000, description="`next_cursor` of the page before")
]
