"""Server-sent events: the line protocol of the WHATWG HTML standard, without input or output.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

CONTENT_TYPE = "text/event-stream"


@dataclass(frozen=True)
class Event:
    """One event; ``id`` is the last id seen on the stream, to resume after it."""

    name: str
    data: str
    id: str


@dataclass
class Parser:
    """Turns lines into events; remembers the last id and the server's retry time."""

    last_id: str = ""
    retry_s: float | None = None
    _name: str = ""
    _data: list[str] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the next request for the stream."""
        resume = {"Last-Event-ID": self.last_id} if self.last_id else {}
        return {"Accept": CONTENT_TYPE, **resume}

    def feed(self, line: str) -> Iterator[Event]:
        """Take one line without its end, yield the event that it completes, if any."""
        if not line:
            yield from self._dispatch()
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            self._set(name, value.removeprefix(" "))

    def _set(self, name: str, value: str) -> None:
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_s = int(value) / 1000

    def _dispatch(self) -> Iterator[Event]:
        name, data = self._name, self._data
        self._name, self._data = "", []
        if data:
            yield Event(name or "message", "\n".join(data), self.last_id)
