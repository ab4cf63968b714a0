"""``/v1/studies/{study}/events``: progress and results as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent

from gofau_service.api.dependencies import Parts, Reader, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.errors import NotFoundError
from gofau_service.events.stream import News, Position, news, progress

router = APIRouter(prefix="/v1/studies/{study}", tags=["events"], responses=PROBLEMS)

StudyId = Annotated[str, Path(max_length=64, description="id of the study")]
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=40, description="where to go on")
]

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the stream",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get("/events", response_class=EventSourceResponse, responses=STREAM)
async def events(
    *,
    app: Use,
    who: Reader,
    study: StudyId,
    results: Annotated[bool, Query(description="send trials as they end, too")] = False,
    last_event_id: LastEventId = None,
) -> EventSourceResponse:
    """``progress`` events with the study as data, now and at each change, until it ends or goes.

    With ``results`` each trial that ends is a ``result`` event before that. An event's id says
    where the stream is: with ``Last-Event-ID`` only what came later is sent, each trial once.
    """
    feed = _Feed(app, study, who.sees, results)
    first = await feed.after(Position.parse(last_event_id))
    return EventSourceResponse(_stream(feed, first), ping=15, sep="\n")


LISTENERS = count(1)
GOLDEN = (5**0.5 - 1) / 2
"""Its multiples modulo 1 are spread evenly, so listeners that came together look one by one."""


class _Feed:
    """News of one study for one listener."""

    def __init__(self, app: Parts, study: str, owner: str | None, results: bool) -> None:
        self._app = app
        self._study = study
        self._owner = owner
        self._results = results
        self._share = next(LISTENERS) * GOLDEN % 1.0

    async def after(self, seen: Position) -> News:
        """What came after a position; without a thread where another listener has just looked."""
        shares = not self._results and seen.revision >= 0
        known = self._app.changes.glance(self._study, self._owner) if shares else None
        if known is not None and known.goes_on:
            return progress(known, seen)
        return await run_in_threadpool(self._look, seen, shares)

    async def pause(self) -> None:
        """Wait until it is worth looking again; the first pauses of listeners differ."""
        await asyncio.sleep(self._app.settings.events_every_s * self._share)
        self._share = 1.0

    def _look(self, seen: Position, shares: bool) -> News:
        known = self._app.changes.latest(self._study, self._owner) if shares else None
        if known is not None and known.goes_on:
            return progress(known, seen)
        with self._app.store.read() as session:
            return news(session, self._study, self._owner, seen, self._results)


async def _stream(feed: _Feed, first: News) -> AsyncIterator[ServerSentEvent]:
    found = first
    while True:
        for event in found.events:
            yield ServerSentEvent(event.data, event=event.kind, id=str(event.position))
        if found.ended:
            return
        if not found.more:
            await feed.pause()
        try:
            found = await feed.after(found.position)
        except NotFoundError:
            return
