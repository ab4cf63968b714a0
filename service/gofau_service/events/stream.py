"""What an event stream sends next, given what its listener has seen."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gofau_service.events.study_changes import Change
from gofau_service.store import studies, trial_list
from gofau_service.store.engine import Session
from gofau_service.store.tables.studies import Study
from gofau_service.studies.described import described
from gofau_service.trials import reading

BATCH = 500
WHOLE = 2**31 - 1
ID = re.compile(r"(\d{1,18})(?:\.(\d{1,18}))?")


@dataclass(frozen=True)
class Position:
    """All up to this trial of this revision has been seen; `WHOLE`: all of the revision."""

    revision: int = -1
    index: int = WHOLE

    @classmethod
    def parse(cls, last_event_id: str | None) -> "Position":
        """The position that an event's id names; from the start where it names none."""
        match = ID.fullmatch(last_event_id or "")
        if match is None:
            return cls()
        return cls(int(match[1]), int(match[2]) if match[2] else WHOLE)

    def __str__(self) -> str:
        return str(self.revision) if self.index == WHOLE else f"{self.revision}.{self.index}"


@dataclass(frozen=True)
class Event:
    """A server-sent event: its kind, its data as JSON, and where the stream is with it."""

    kind: str
    data: str
    position: Position


@dataclass(frozen=True)
class News:
    """Events to send, where they lead, and whether the study has ended with them."""

    events: tuple[Event, ...]
    position: Position
    ended: bool
    more: bool


def news(
    session: Session, public_id: str, owner: str | None, seen: Position, results: bool
) -> News:
    """The next events: trials that ended (if wanted), then the study as it is."""
    study = studies.find(session, public_id, owner)
    sent: list[Event] = []
    if results:
        sent = list(_ended(session, study, seen))
        if sent:
            seen = sent[-1].position
    if len(sent) == BATCH:
        return News(tuple(sent), seen, ended=False, more=True)
    view = described(study, studies.tags(session, [study.id])[study.id])
    if view.revision > seen.revision or sent or view.state.final:
        seen = Position(view.revision)
        sent.append(Event("progress", view.model_dump_json(), seen))
    return News(tuple(sent), seen, view.state.final, more=False)


def progress(known: Change, seen: Position) -> News:
    """News of a study that goes on from a change that all listeners share, not from the store."""
    if known.view is None or known.revision <= seen.revision:
        return News((), seen, ended=False, more=False)
    at = Position(known.revision)
    return News((Event("progress", known.view, at),), at, ended=False, more=False)


def _ended(session: Session, study: Study, seen: Position) -> Iterator[Event]:
    rows = trial_list.ended_after(session, study.id, seen.revision, seen.index, BATCH)
    for row in rows:
        view = reading.described(*row)
        at = replace(seen, revision=view.revision or 0, index=view.index)
        yield Event("result", json.dumps(view.model_dump(mode="json")), at)
