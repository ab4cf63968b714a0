"""Opaque cursors for keyset pages: the sort values of the last row."""

import base64
import binascii
import json
from typing import Any

from gofau_service.errors import InvalidError
from gofau_studies.errors import FieldError


def encode(*values: Any) -> str:
    """A cursor that `decode` reads back."""
    return (
        base64.urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode())
        .decode()
        .rstrip("=")
    )


def decode(cursor: str | None, *kinds: type | tuple[type, ...]) -> list[Any] | None:
    """The values of a cursor, each of its kind.

    Raises:
        InvalidError: not a cursor of such a page.
    """
    if cursor is None:
        return None
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = json.loads(data)
    except (binascii.Error, ValueError) as error:
        raise unknown(cursor) from error
    right = isinstance(values, list) and len(values) == len(kinds)
    if not right or not all(map(_fits, values, kinds)):
        raise unknown(cursor)
    return list(values)


def _fits(value: object, kind: type | tuple[type, ...]) -> bool:
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return False
    if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
        return False
    return isinstance(value, kind) and not isinstance(value, bool)


def unknown(cursor: str | None) -> InvalidError:
    """What to raise for a cursor of another list."""
    expected = "a next_cursor of the same list"
    return InvalidError("unknown cursor", [FieldError("cursor", cursor, expected)])
