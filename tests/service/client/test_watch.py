"""Watching: the stream, its resumption after a cut, and reading at intervals instead."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from gofau_service.client import (
    AsyncClient,
    Backoff,
    Client,
    NotFoundError,
    UnreachableError,
    calls,
)
from tests.service.client.conftest import URL, Pauses, Script, problem, study

Connected = Callable[..., Client]
ENDED = study(state="completed")


def event(body: dict[str, Any], identity: int) -> str:
    return f"event: progress\nid: {identity}\ndata: {json.dumps(body)}\n\n"


class Cut(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that breaks off with an error."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __iter__(self) -> Iterator[bytes]:
        yield self._text.encode()
        raise httpx.ReadError("cut")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._text.encode()
        raise httpx.ReadError("cut")


def stream(*parts: str, cut: bool = False) -> httpx.Response:
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    text = "".join(parts)
    if cut:
        return httpx.Response(200, stream=Cut(text), headers=headers)
    return httpx.Response(200, content=text.encode(), headers=headers)


def watch(client: Client, patience: Backoff) -> list[str]:
    return [str(s.state) for s in client.watch("abc", patience)]


def watch_async(script: Script, pauses: Pauses, patience: Backoff) -> list[str]:
    async def collect() -> list[str]:
        transport = httpx.MockTransport(script)
        async with AsyncClient(URL, transport=transport, sleep=pauses.later) as client:
            return [str(s.state) async for s in client.watch("abc", patience)]

    return asyncio.run(collect())


@pytest.fixture(params=["blocking", "async"])
def watched(
    request: pytest.FixtureRequest, connected: Connected, pauses: Pauses
) -> Callable[..., list[str]]:
    """Both clients, since both obey the same laws."""

    def run(script: Script, patience: Backoff = Backoff(tries=3)) -> list[str]:
        if request.param == "async":
            return watch_async(script, pauses, patience)
        return watch(connected(script), patience)

    return run


Watched = Callable[..., list[str]]


def test_a_stream_is_followed_to_the_end_of_the_study(watched: Watched, pauses: Pauses) -> None:
    script = Script(stream(event(study(), 1), ": ping\n\n", event(ENDED, 2)))
    assert watched(script) == ["running", "running", "completed"]
    assert pauses == []


def test_a_cut_stream_is_resumed_after_the_last_event(watched: Watched, pauses: Pauses) -> None:
    script = Script(
        stream(event(study(), 5), cut=True),
        httpx.ConnectError("refused"),
        stream(event(ENDED, 6)),
    )
    assert watched(script) == ["running", "completed"]
    assert [r.headers.get("last-event-id") for r in script.requests] == [None, "5", "5"]
    assert pauses == [0.2, 0.4]


def test_news_renew_the_patience(watched: Watched) -> None:
    cuts = [stream(event(study(), i), cut=True) for i in range(6)]
    assert watched(Script(*cuts, stream(event(ENDED, 9)))) == ["running"] * 6 + ["completed"]


def test_patience_ends(watched: Watched) -> None:
    script = Script(*[httpx.ConnectError("refused")] * 3)
    with pytest.raises(UnreachableError, match="refused"):
        watched(script)


def test_without_a_stream_the_study_is_read_at_intervals(watched: Watched) -> None:
    page = httpx.Response(200, text="<html>", headers={"content-type": "text/html"})
    reads = [httpx.Response(200, json=s) for s in (study(), ENDED)]
    script = Script(page, *reads)
    assert watched(script) == ["running", "completed"]
    assert [r.url.path for r in script.requests[1:]] == ["/v1/studies/abc"] * 2


def test_an_unknown_study_is_said_to_be_so(watched: Watched) -> None:
    with pytest.raises(NotFoundError):
        watched(Script(problem(404), problem(404)))


def test_a_restarting_service_is_waited_for(watched: Watched) -> None:
    script = Script(problem(503), stream(event(ENDED, 1)))
    assert watched(script) == ["completed"]


def test_the_async_client_sends_every_call_and_reads_pages() -> None:
    script = Script(
        httpx.ReadError("cut"),
        httpx.Response(200, json={"items": [study(id="1")], "next_cursor": "c"}),
        httpx.Response(200, json={"items": [study(id="2")], "next_cursor": None}),
        httpx.Response(200, json=study()),
    )

    async def collect() -> tuple[list[str], str]:
        transport = httpx.MockTransport(script)
        async with AsyncClient(URL, transport=transport, sleep=Pauses().later) as client:
            listed = [s.id async for s in client.pages(calls.list_studies())]
            return listed, (await client.send(calls.get("abc"))).id

    assert asyncio.run(collect()) == (["1", "2"], "abc")
