"""The exception tree of this package.

`ServiceError` > `SettingsError`, `BackupError`, `SchemaError`, `RayUnreachableError`,
`RefusedError`. A `RefusedError` becomes problem details: `UnauthorizedError`, `ForbiddenError`,
`QuotaError`, `NotFoundError`, `ConflictError`, `TooLargeError`, `UnsupportedError`,
`InvalidError`, `ThrottledError`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gofau_studies.errors import FieldError


class ServiceError(Exception):
    """Base of every error that this package raises on purpose."""


class SettingsError(ServiceError):
    """An environment variable that cannot be accepted."""


class BackupError(ServiceError):
    """A snapshot that cannot be taken, or not restored here."""


class SchemaError(ServiceError):
    """A database whose schema this version does not know."""


class RayUnreachableError(ServiceError):
    """The Ray cluster did not answer, or answered something else than its job API."""


class RefusedError(ServiceError):
    """A request that is answered with problem details instead of a result."""

    status = 400
    title = "Bad request"
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class UnauthorizedError(RefusedError):
    """No token, or one that is unknown, expired or revoked."""

    status = 401
    title = "Unauthorized"
    headers: Mapping[str, str] = MappingProxyType({"WWW-Authenticate": "Bearer"})


class ForbiddenError(RefusedError):
    """A token that does not allow this."""

    status = 403
    title = "Forbidden"


class QuotaError(RefusedError):
    """An owner has used up what one owner may have."""

    status = 403
    title = "Quota exceeded"


class NotFoundError(RefusedError):
    """Nothing of that id that the caller may see."""

    status = 404
    title = "Not found"


class ConflictError(RefusedError):
    """The resource's state, or an earlier request, excludes this one."""

    status = 409
    title = "Conflict"


class TooLargeError(RefusedError):
    """A body beyond the limit."""

    status = 413
    title = "Content too large"


class UnsupportedError(RefusedError):
    """A body in a format that is not read here."""

    status = 415
    title = "Unsupported media type"


class InvalidError(RefusedError):
    """A request whose content cannot be accepted; ``errors`` names the fields."""

    status = 422
    title = "Invalid request"


class ThrottledError(RefusedError):
    """Too many requests."""

    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(retry_after_s)}
