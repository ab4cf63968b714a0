"""From an HTTP answer to a typed error."""

from typing import Any

import httpx

from gofau_service.client.errors import (
    BadRequestError,
    BusyError,
    ConflictError,
    Fault,
    NotAllowedError,
    NotFoundError,
    RefusedError,
    ServiceFailedError,
)

_BY_STATUS: dict[int, type[RefusedError]] = {
    401: NotAllowedError,
    403: NotAllowedError,
    404: NotFoundError,
    409: ConflictError,
    429: BusyError,
}


def raise_for_problem(response: httpx.Response) -> None:
    """Raise the error that an answer stands for; return on success.

    Raises:
        RefusedError: any status but 2xx, as the subclass that fits.
    """
    if response.is_success:
        return
    body = _problem(response)
    title = str(body.get("title") or response.reason_phrase or "no title")
    kind = _kind(response.status_code)
    error = kind(
        response.status_code,
        title,
        str(body.get("detail") or f"HTTP {response.status_code} {title}"),
        [_fault(entry) for entry in body.get("errors") or []],
    )
    if isinstance(error, BusyError):
        error.retry_after = _seconds(response.headers.get("retry-after"))
    raise error


def _kind(status: int) -> type[RefusedError]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return BadRequestError if 400 <= status < 500 else ServiceFailedError


def _problem(response: httpx.Response) -> dict[str, Any]:
    if "json" not in response.headers.get("content-type", ""):
        return {}
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _fault(entry: dict[str, Any]) -> Fault:
    return Fault(str(entry.get("path", "")), entry.get("got"), str(entry.get("expected", "")))


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
