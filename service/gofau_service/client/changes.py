"""Following the list of studies, as a state machine without input or output."""

import json
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from gofau_service.answers import Study
from gofau_service.client.problems import raise_for_problem
from gofau_service.client.retry import RETRIED_STATUS
from gofau_service.client.sse import Event, Parser

PATH = "/v1/studies/events"


class Kind(StrEnum):
    """What has happened to the list."""

    RESET = "reset"
    STUDY = "study"
    DELETED = "deleted"


@dataclass(frozen=True)
class Change:
    """News of the list of studies.

    ``reset``: what came before is unknown, so the list has to be read. ``study``: a study is new or
    has changed, and this is how it is now. ``deleted``: the study of that id is gone.
    """

    kind: Kind
    id: str | None = None
    study: Study | None = None


@dataclass
class ListFollowing:
    """What is known of the stream, which is resumed after a cut."""

    parser: Parser = field(default_factory=Parser)

    def take(self, line: str) -> Change | None:
        """Take one line of the stream; return the change that it completes, if any."""
        for event in self.parser.feed(line):
            return _read(event)
        return None


def check(response: httpx.Response) -> None:
    """Raise what a refused stream stands for; an answer worth asking again for is a cut stream.

    Raises:
        RefusedError: the service's problem details.
        httpx.RemoteProtocolError: the service is away for the moment.
    """
    if response.status_code in RETRIED_STATUS:
        raise httpx.RemoteProtocolError(f"HTTP {response.status_code}")
    raise_for_problem(response)


def _read(event: Event) -> Change | None:
    if event.name == Kind.STUDY:
        study = Study.model_validate_json(event.data)
        return Change(Kind.STUDY, study.id, study)
    if event.name == Kind.DELETED:
        return Change(Kind.DELETED, json.loads(event.data)["id"])
    return Change(Kind.RESET) if event.name == Kind.RESET else None
