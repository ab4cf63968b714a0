"""Answers as the service gives them, and clients that never touch a network."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gofau_service.client import Backoff, Client

URL = "http://service.test"
Handler = Callable[[httpx.Request], httpx.Response]


def study(**changes: Any) -> dict[str, Any]:
    """A study as the API shows it."""
    counts = {"waiting": 4, "running": 2, "completed": 3, "failed": 1, "cancelled": 0}
    outcomes = {"reached_target": 1, "budget_exhausted": 1, "diverged": 1, "nonfinite": 0}
    return {
        "id": "abc",
        "name": "digits",
        "owner": "local",
        "tags": ["a"],
        "state": "running",
        "spec_hash": "0" * 64,
        "goal": {"metric": "val_loss", "minimize": True},
        "trials": 10,
        "counts": counts,
        "outcomes": outcomes,
        "reuse": True,
        "reused": 0,
        "progress": 0.4,
        "trials_per_s": 2.0,
        "eta_s": 3.0,
        "revision": 7,
        "message": None,
        "created_at": "2026-01-02T03:04:05Z",
        "started_at": "2026-01-02T03:04:06Z",
        "ended_at": None,
        "spec": {"name": "digits"},
        "source": "name: digits",
        **changes,
    }


def problem(status: int, **body: Any) -> httpx.Response:
    """Problem details."""
    return httpx.Response(
        status,
        json={"title": "No", "detail": "because", **body},
        headers={"content-type": "application/problem+json"},
    )


class Script:
    """A service that gives the listed answers in turn and remembers the requests."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer


class Pauses(list[float]):
    """Remembers how long a client wanted to pause, without pausing."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)

    async def later(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def connected(pauses: Pauses) -> Callable[..., Client]:
    """Makes a client of a handler."""

    def make(handler: Handler, **options: Any) -> Client:
        options = {"backoff": Backoff(tries=3), "sleep": pauses, **options}
        return Client(URL, transport=httpx.MockTransport(handler), **options)

    return make
