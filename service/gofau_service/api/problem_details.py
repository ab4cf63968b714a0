"""RFC 9457 problem details: what every answer with a status of 400 and above looks like."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from math import isfinite
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from gofau_service.errors import RefusedError
from gofau_service.store.errors import DataError, OperationalError
from gofau_studies.errors import FieldError, SpecError
from gofau_studies.landscape.landscape import LandscapeError
from gofau_studies.spec.parsing import field_errors

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
MAX_GOT = 200
MAX_ERRORS = 100
AWAY = "the store does not answer; try again"
DISK_FULL = ("disk is full", "No space left on device")
"""What SQLite and PostgreSQL say."""


class Fault(BaseModel):
    """One fault of a request."""

    path: str = Field(examples=["axes.lr.log"])
    got: Any = Field(examples=["[-1.0, 10.0]"])
    expected: str = Field(examples=["positive bounds"])


class Problem(BaseModel):
    """Why a request was refused."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Invalid request"])
    status: int = Field(examples=[422])
    detail: str
    instance: str
    errors: list[Fault] = []


def _documented(status: int) -> dict[str, Any]:
    return {
        "model": Problem,
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: _documented(status)
    for status in (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503)
}


def problem(
    request: Request,
    status: int,
    title: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A response with problem details."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": _encodable(detail),
        "instance": _encodable(request.url.path),
        "errors": [
            {
                "path": _encodable(e.path),
                "got": _shown(e.got),
                "expected": _encodable(e.expected),
            }
            for e in errors[:MAX_ERRORS]
        ],
    }
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def _shown(got: object) -> object:
    """What was got, as JSON that is neither long nor invalid."""
    plain = got is None or isinstance(got, bool | int) or (isinstance(got, float) and isfinite(got))
    if plain and len(repr(got)) <= MAX_GOT:
        return got
    text = _encodable(got if isinstance(got, str) else _text(got))
    return text if len(text) <= MAX_GOT else text[: MAX_GOT - 3] + "..."


def _encodable(text: str) -> str:
    """The text with lone surrogates written out, since no answer can carry them."""
    return text.encode("utf-8", "backslashreplace").decode()


def _text(got: object) -> str:
    try:
        return repr(got)
    except ValueError:
        return f"a {type(got).__name__} too large to print"


def install(app: FastAPI) -> None:
    """Answer every error of the app with problem details."""
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(SpecError, _spec)
    app.add_exception_handler(LandscapeError, _landscape)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _store_away)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(Exception, _crash)


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RefusedError)
    return problem(
        request,
        error.status,
        error.title,
        error.detail,
        errors=error.errors,
        headers=dict(error.headers),
    )


def _spec(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SpecError)
    count = len(error.errors)
    detail = f"the spec has {count} fault{'s' if count != 1 else ''}; nothing was stored"
    return problem(request, 422, "Invalid study spec", detail, errors=error.errors)


def _landscape(request: Request, error: Exception) -> JSONResponse:
    return problem(request, 409, "No report yet", str(error))


def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    details = [dict(d, loc=_location(d["loc"])) for d in error.errors()]
    if any(d["type"] == "json_invalid" for d in details):
        return problem(request, 400, "Bad request", "the body is not JSON")
    faults = field_errors(details)  # type: ignore[arg-type]
    return problem(request, 422, "Invalid request", "the request has faults", errors=faults)


def _location(loc: Sequence[Any]) -> tuple[Any, ...]:
    """Where in the body or parameters, without the word that says which."""
    return tuple(loc[1:]) if len(loc) > 1 else tuple(loc)


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    title = HTTPStatus(error.status_code).phrase
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return problem(request, error.status_code, title, detail, headers=headers)


def _allowed(request: Request) -> str:
    """The methods of all routes at this path, each of which knows its own alone."""
    methods: set[str] = set()
    for route in request.app.state.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= set(getattr(route, "methods", None) or ())
    return ", ".join(sorted(methods))


def _unstorable(request: Request, error: Exception) -> JSONResponse:
    log.info("the store cannot hold a value: %s", error)
    detail = "a value that the store cannot hold, such as text with a NUL character"
    return problem(request, 422, "Invalid request", detail)


def _store_away(request: Request, error: Exception) -> JSONResponse:
    log.error("the store did not answer: %s", error)
    full = any(said in str(error) for said in DISK_FULL)
    detail = "the store's disk is full; make room" if full else AWAY
    return problem(request, 503, "Service unavailable", detail, headers={"Retry-After": "2"})


def _crash(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s crashed", request.method, request.url.path, exc_info=error)
    return problem(request, 500, "Internal error", "the service failed; its log says why")
