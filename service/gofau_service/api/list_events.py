"""``/v1/studies/events``: changes of the list of studies as server-sent events."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent

from gofau_service.api.dependencies import Parts, Reader, Use
from gofau_service.api.problem_details import PROBLEMS
from gofau_service.api.study_events import STREAM
from gofau_service.events.study_changes import Change

router = APIRouter(prefix="/v1/studies", tags=["events"], responses=PROBLEMS)

LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=40, description="where to go on")
]
ID = re.compile(r"([0-9a-f]{8})\.(\d{1,18})")


@router.get("/events", response_class=EventSourceResponse, responses=STREAM)
async def list_events(
    *, app: Use, who: Reader, last_event_id: LastEventId = None
) -> EventSourceResponse:
    """Changes of the list of studies, as they happen, without end.

    ``reset`` says that the list has to be read: it comes first, unless ``Last-Event-ID`` tells
    where to go on. Then ``study`` has a new or changed study as data, and ``deleted`` the ``id``
    of one that is gone. Of several changes of a study between two looks only the last is sent.
    """
    feed = _Feed(app, who.sees, last_event_id or "")
    return EventSourceResponse(_stream(feed, await feed.next()), ping=15, sep="\n")


class _Feed:
    """News of the list for one listener; ``seen`` is the number of the last change it knows."""

    def __init__(self, app: Parts, owner: str | None, last: str) -> None:
        self._app = app
        self._owner = owner
        match = ID.fullmatch(last)
        known = match is not None and match[1] == app.changes.name
        self._seen = int(match[2]) if match and known else -1

    async def next(self) -> list[ServerSentEvent]:
        """What came since the last call."""
        return await run_in_threadpool(lambda: list(self._look()))

    async def pause(self) -> None:
        """Wait until it is worth looking again."""
        await asyncio.sleep(self._app.settings.events_every_s)

    def _look(self) -> Iterator[ServerSentEvent]:
        found = self._app.changes.after(self._seen, self._owner)
        if found is None:
            self._seen = self._app.changes.now()
            yield self._event("reset", "{}", self._seen)
            return
        changes, self._seen = found
        for change in changes:
            yield self._event(*_told(change), change.number)

    def _event(self, name: str, data: str, number: int) -> ServerSentEvent:
        return ServerSentEvent(data, event=name, id=f"{self._app.changes.name}.{number}")


def _told(change: Change) -> tuple[str, str]:
    if change.view is None:
        return "deleted", json.dumps({"id": change.study})
    return "study", change.view


async def _stream(feed: _Feed, first: list[ServerSentEvent]) -> AsyncIterator[ServerSentEvent]:
    found = first
    while True:
        for event in found:
            yield event
        await feed.pause()
        found = await feed.next()
