"""Following a study's progress, as a state machine without input or output.

The stream of server-sent events is resumed with ``Last-Event-ID`` after a cut. Where no stream
can be had, such as behind a proxy that knows none, the study is read again at intervals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from gofau_service.answers import Study
from gofau_service.client import calls
from gofau_service.client.retry import RETRIED_STATUS, Backoff
from gofau_service.client.sse import CONTENT_TYPE, Event, Parser

STREAM_PATIENCE = Backoff(tries=40, first_s=0.2, longest_s=5.0)
"""How long a cut stream is taken up again: about three minutes, a service's restart."""

PROGRESS = "progress"


@dataclass
class Following:
    """What is known of a study so far, and of its stream.

    ``polls`` says that the service offers no stream, so that the study itself has to be read.
    """

    id: str
    polls: bool = False
    study: Study | None = None
    parser: Parser = field(default_factory=Parser)

    @property
    def path(self) -> str:
        """Where the stream is."""
        return f"/v1/studies/{calls.segment(self.id)}/events"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.study is not None and self.study.state.final

    def see(self, study: Study) -> Study:
        """Remember the study's newest state, and return it."""
        self.study = study
        return study

    def take(self, line: str) -> Study | None:
        """Take one line of the stream; return the study at news, and at comments.

        A comment is the service's sign of life while nothing changes.
        """
        if line.startswith(":"):
            return self.study
        for event in self.parser.feed(line):
            return self._read(event)
        return None

    def refused(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether an answer is no stream; from then on the study is read at intervals.

        What is wrong with the request itself, such as an unknown id, the next read says.
        """
        if status in RETRIED_STATUS:
            raise httpx.RemoteProtocolError(f"HTTP {status}")
        self.polls = status != 200 or CONTENT_TYPE not in headers.get("content-type", "")
        return self.polls

    def _read(self, event: Event) -> Study | None:
        return self.see(Study.model_validate_json(event.data)) if event.name == PROGRESS else None
