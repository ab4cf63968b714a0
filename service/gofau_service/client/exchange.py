"""One call from first try to result, as steps that a blocking or an async client carries out."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from gofau_service.client.calls import Call, sendable
from gofau_service.client.errors import ClientError, UnreachableError
from gofau_service.client.problems import raise_for_problem
from gofau_service.client.retry import RETRIED_STATUS, Backoff

T = TypeVar("T")

TIMEOUT = httpx.Timeout(60.0, connect=5.0)


@dataclass(frozen=True)
class Send:
    """Send the request; answer with the response or with the transport's error."""

    call: Call[Any]


@dataclass(frozen=True)
class Pause:
    """Wait."""

    seconds: float


Reply = httpx.Response | httpx.TransportError | None
Exchange = Generator[Send | Pause, Reply, T]


def exchange(call: Call[T], backoff: Backoff, url: str) -> Exchange[T]:
    """Send a call until it is answered.

    Raises:
        UnreachableError: no connection after the last try.
        RefusedError: the service's problem details, or an answer that is not the API's.
    """
    pauses = backoff.pauses()
    while True:
        reply = yield Send(call)
        assert reply is not None
        if isinstance(reply, httpx.Response) and reply.status_code not in RETRIED_STATUS:
            raise_for_problem(reply)
            return call.read(reply)
        # What may have been carried out is not asked for again, unless that changes nothing.
        again = call.repeatable or isinstance(reply, httpx.ConnectError)
        yield Pause(next_pause(pauses if again else iter(()), reply, url))


def next_pause(pauses: Iterator[float], reply: Reply, url: str) -> float:
    """The pause before the next try.

    Raises:
        UnreachableError, ServiceFailedError: there is no next try.
    """
    pause = next(pauses, None)
    if pause is not None:
        return pause
    if isinstance(reply, httpx.Response):
        raise_for_problem(reply)
    raise UnreachableError(url, cause_of(reply))


def cause_of(reply: Reply) -> str:
    """Why there is no answer, in a few words."""
    text = str(reply or "the end of the stream").strip()
    return f"{type(reply).__name__}: {text}" if reply and text else text or type(reply).__name__


def headers_of(token: str | None) -> dict[str, str]:
    """Headers of every request.

    Raises:
        ClientError: a token that no header can carry.
    """
    return {"Authorization": f"Bearer {sendable('token', token)}"} if token else {}


def address(url: str) -> str:
    """The service's address, without a slash at its end.

    Raises:
        ClientError: not an address of HTTP.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise _no_address(url) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise _no_address(url)
    return url.rstrip("/")


def _no_address(url: str) -> ClientError:
    return ClientError(f"url: got {url!r}, expected an address such as http://127.0.0.1:8080")
