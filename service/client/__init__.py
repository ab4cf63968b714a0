"""The Python client: the service's verbs as methods, typed results, retries that are safe.

Example:
    >>> from service.client import Client
    >>> client = Client("http://127.0.0.1:8080")
"""

from service.client import calls
from service.client.async_client import AsyncClient
from service.client.changes import Change
from service.client.client import Client
from service.client.errors import (
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
from service.client.models import Page, Plan, Study, StudyDetail, Token, Trial
from service.client.retry import Backoff

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
