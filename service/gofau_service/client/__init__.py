"""The Python client: the service's verbs as methods, typed results, retries that are safe.

Example:
    >>> from gofau_service.client import Client
    >>> client = Client("http://127.0.0.1:8080")
"""

from gofau_service.answers import Page, Plan, Study, StudyDetail, Token, Trial
from gofau_service.client import calls
from gofau_service.client.async_client import AsyncClient
from gofau_service.client.changes import Change
from gofau_service.client.client import Client
from gofau_service.client.errors import (
    BadRequestError,
    BusyError,
    ClientError,
    ConflictError,
    Fault,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    ServiceFailedError,
    UnreachableError,
)
from gofau_service.client.retry import Backoff

__all__ = [
    "AsyncClient",
    "Backoff",
    "BadRequestError",
    "BusyError",
    "Change",
    "Client",
    "ClientError",
    "ConflictError",
    "Fault",
    "NotAllowedError",
    "NotFoundError",
    "Page",
    "Plan",
    "RefusedError",
    "ServiceFailedError",
    "Study",
    "StudyDetail",
    "Token",
    "Trial",
    "UnreachableError",
    "calls",
]
