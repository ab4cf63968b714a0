"""Who calls, and what that allows."""

from dataclasses import dataclass
from enum import StrEnum

from gofau_service.errors import ForbiddenError


class Scope(StrEnum):
    """What a token allows. ``admin`` includes ``submit``, which includes ``read``.

    A ``ticket`` allows no call: it is exchanged for a worker's token.
    """

    READ = "read"
    SUBMIT = "submit"
    ADMIN = "admin"
    WORKER = "worker"
    TICKET = "ticket"


IMPLIED = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.SUBMIT: frozenset({Scope.READ, Scope.SUBMIT}),
    Scope.ADMIN: frozenset({Scope.READ, Scope.SUBMIT, Scope.ADMIN}),
    Scope.WORKER: frozenset({Scope.WORKER}),
    Scope.TICKET: frozenset(),
}


@dataclass(frozen=True)
class Principal:
    """An owner with scopes; a worker's token is bound to one study by its internal id."""

    owner: str
    scopes: frozenset[Scope]
    study_id: int | None = None

    @property
    def sees(self) -> str | None:
        """The owner whose studies it sees; ``None``: all."""
        return None if Scope.ADMIN in self.scopes else self.owner

    def require(self, scope: Scope) -> None:
        """Raise `ForbiddenError` unless the scope is there."""
        if scope not in self.scopes:
            raise ForbiddenError(f"this needs a token with the scope {scope}")


LOCAL = Principal("local", IMPLIED[Scope.ADMIN])
"""Whoever calls a service that listens on loopback alone and asks for no tokens."""


def implied(scopes: list[str]) -> frozenset[Scope]:
    """All that a token's own scopes include."""
    return frozenset().union(*(IMPLIED[Scope(scope)] for scope in scopes))
