"""``/v1/studies/{study}/events``: progress as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent

from service.dependencies import Parts, Reader, Use
from service.problems import PROBLEMS
from service.studies import repository
from service.studies.schemas import StudyView

router = APIRouter(prefix="/v1/studies/{study}", tags=["events"], responses=PROBLEMS)

StudyId = Annotated[str, Path(max_length=64, description="id of the study")]
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=40, description="where to go on")
]


@router.get(
    "/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    app: Use, who: Reader, study: StudyId, request: Request, last_event_id: LastEventId = None
) -> EventSourceResponse:
    """A ``progress`` event now and at each change, with the study as data, until it has ended.

    An event's id is the study's revision; with ``Last-Event-ID`` only later ones are sent.
    """
    first = await run_in_threadpool(_look, app, study, who.sees)
    seen = int(last_event_id) if last_event_id and last_event_id.isdigit() else -1
    return EventSourceResponse(_stream(app, first, who.sees, seen), ping=15, sep="\n")


async def _stream(
    app: Parts, view: StudyView, owner: str | None, seen: int
) -> AsyncIterator[ServerSentEvent]:
    while True:
        if view.revision > seen or view.state.final:
            seen = view.revision
            yield ServerSentEvent(view.model_dump_json(), event="progress", id=str(seen))
        if view.state.final:
            return
        await asyncio.sleep(app.settings.events_every_s)
        view = await run_in_threadpool(_look, app, view.id, owner)


def _look(app: Parts, study: str, owner: str | None) -> StudyView:
    with app.store.read() as session:
        found = repository.find(session, study, owner)
        return StudyView.of(found, repository.tags(session, [found.id])[found.id])
