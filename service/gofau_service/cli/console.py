"""Where output goes: results to standard output, progress and errors to standard error."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel
from rich.console import Console

from gofau_service.client.errors import Fault

LOG_WIDTH = 110


def out() -> Console:
    """The console of results, wide enough for tables where no terminal sets a width."""
    width = None if sys.stdout.isatty() else LOG_WIDTH
    return Console(highlight=False, width=width)


def err() -> Console:
    """The console of progress and errors."""
    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(plain(value), indent=2, allow_nan=False))


def plain(value: Any) -> Any:
    """Models as plain data, inside dictionaries and lists too."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def print_error(message: str, faults: Sequence[Fault], as_json: bool) -> None:
    """An error for people, or for programs where the command was asked for JSON."""
    if as_json:
        shown = [{**asdict(fault), "got": _safe(fault.got)} for fault in faults]
        print_json({"error": {"message": message, "errors": shown}})
        return
    lines = [str(fault) for fault in faults] or message.splitlines() or ["unknown error"]
    for line in lines:
        print(f"error: {line}" if line is lines[0] or faults else f"  {line}", file=sys.stderr)


def _safe(got: Any) -> Any:
    try:
        json.dumps(got, allow_nan=False)
    except (TypeError, ValueError):
        return repr(got)
    return got
