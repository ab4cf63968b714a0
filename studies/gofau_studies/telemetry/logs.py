"""What every process logs: lines for people, or one JSON object a line, with ids and no secrets.

| variable | meaning | default |
|---|---|---|
| ``GOFAU_LOG_FORMAT`` | ``text`` or ``json`` | ``text`` |
"""

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

from gofau_studies.errors import StudiesError

VARIABLE = "GOFAU_LOG_FORMAT"
FORMATS = ("text", "json")
HIDDEN = "[hidden]"
SHORTEST_SECRET = 6

_context: ContextVar[Mapping[str, Any]] = ContextVar("log_context", default={})  # noqa: B039 # never changed in place
_SHAPES = re.compile(
    r"(?<=Bearer )[^\s'\"]+"  # an Authorization header
    r"|\bgofau_[\w-]{40,}"  # an API token
    r"|(?<=://)(?P<user>[^/\s:@]*):[^/\s@]+(?=@)"  # a password in a URL
)


class LogFormatError(StudiesError):
    """A format of log lines that there is not."""


@contextmanager
def bound(**ids: Any) -> Iterator[None]:
    """Put ids, such as ``study`` and ``pack``, on every line that this block logs."""
    token = _context.set({**_context.get(), **ids})
    try:
        yield
    finally:
        _context.reset(token)


def bound_ids() -> Mapping[str, Any]:
    """The ids that lines logged here carry."""
    return _context.get()


def configure(chosen: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Log from INFO on to ``stream`` in one format; what handled the root's lines is replaced.

    Args:
        chosen: ``text`` or ``json``; empty stands for ``text``.
        secrets: values that no line may hold.
        stream: by default standard error.

    Raises:
        LogFormatError: another format.
    """
    if chosen not in ("", *FORMATS):
        raise LogFormatError(f"{VARIABLE}: got {chosen!r}, expected {' or '.join(FORMATS)}")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines(secrets, as_json=chosen == "json"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class Lines(logging.Formatter):
    """Formats records as text or JSON, with the bound ids, and hides secrets wherever they stand.

    Secrets shorter than six characters are left alone: hiding them would hide other words.
    """

    def __init__(self, secrets: Iterable[str] = (), *, as_json: bool) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._as_json = as_json
        self._secrets = sorted({s for s in secrets if len(s) >= SHORTEST_SECRET}, key=len)[::-1]

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines, of a record."""
        ids = dict(_context.get())
        if not self._as_json:
            tail = "".join(f" {name}={value}" for name, value in ids.items())
            head, newline, trace = super().format(record).partition("\n")
            return self._hide(f"{head}{tail}{newline}{trace}")
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **ids,
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps({k: self._plain(v) for k, v in line.items()}, ensure_ascii=False)

    def _plain(self, value: Any) -> Any:
        return value if isinstance(value, int | float | None) else self._hide(str(value))

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return _SHAPES.sub(_hidden, text)


def _hidden(match: re.Match[str]) -> str:
    user = match["user"]
    return HIDDEN if user is None else f"{user}:{HIDDEN}"
