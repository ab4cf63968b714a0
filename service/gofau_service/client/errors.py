"""What can go wrong between a client and the service.

`ClientError` > `UnreachableError`, `RefusedError`;
`RefusedError` > `BadRequestError` (> `NotFoundError`, `ConflictError`), `NotAllowedError`,
`BusyError`, `ServiceFailedError`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ClientError(Exception):
    """Base of every error that this client raises on purpose."""


class UnreachableError(ClientError):
    """No connection, or none that lasted, after all retries."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(
            f"service: got {cause}, expected an answer from {url}; "
            "start one with 'gofau up', or give its address with --url or GOFAU_URL"
        )
        self.url = url
        self.cause = cause


@dataclass(frozen=True)
class Fault:
    """One fault of a request as the service names it: field path, value got, expectation."""

    path: str
    got: Any
    expected: str

    def __str__(self) -> str:
        shown = repr(self.got)
        shown = shown if len(shown) <= 120 else f"{shown[:117]}..."
        return f"{self.path or 'spec'}: got {shown}, expected {self.expected}"


class RefusedError(ClientError):
    """The service answered with problem details (RFC 9457) instead of a result."""

    def __init__(self, status: int, title: str, detail: str, faults: Sequence[Fault] = ()) -> None:
        lines = [str(fault) for fault in faults] or [detail or title]
        super().__init__("\n".join(lines))
        self.status = status
        self.title = title
        self.detail = detail
        self.faults = tuple(faults)


class BadRequestError(RefusedError):
    """4xx: the request cannot be carried out as it is."""


class NotFoundError(BadRequestError):
    """404: no such study, trial or page."""


class ConflictError(BadRequestError):
    """409: the request contradicts what is stored."""


class NotAllowedError(RefusedError):
    """401 or 403: the token is missing, wrong, expired or too narrow."""


class BusyError(RefusedError):
    """429: too many requests; ``retry_after`` is the service's own advice in seconds."""

    retry_after: float | None = None


class ServiceFailedError(RefusedError):
    """5xx, or an answer that is not what the API promises."""
