"""Rows of values as a table inside a statement: many rows written by one.

PostgreSQL takes a JSON array apart by itself (``json_to_recordset``), so that a thousand rows cost
one message and one plan. SQLite repeats a prepared statement faster than that.
Source: https://www.postgresql.org/docs/current/functions-json.html
"""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from sqlalchemy import ARRAY, JSON, ColumnElement, Integer, any_, bindparam, column, func, literal
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

ROWS = "rows"


def takes_records(session: Session) -> bool:
    """Whether the database takes `records`."""
    return session.get_bind().dialect.name == "postgresql"


def records(columns: Mapping[str, TypeEngine[Any]]) -> TableValuedAlias:
    """The rows given as parameter `ROWS`, a list of dicts with plain JSON values, as a table.

    Bytes are given as `hexadecimal` text.

    Args:
        columns: name to type.
    """
    rows = func.json_to_recordset(bindparam(ROWS, type_=JSON))
    named = (column(name, kind) for name, kind in columns.items())
    return rows.table_valued(*named, name="given").render_derived(with_types=True)


def given(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The parameter of a statement that reads from `records`."""
    return {ROWS: [{name: _plain(value) for name, value in row.items()} for row in rows]}


def _plain(value: Any) -> Any:
    """JSON has no infinity, but PostgreSQL reads it from text."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def among(
    session: Session, place: InstrumentedAttribute[int], numbers: Iterable[int]
) -> ColumnElement[bool]:
    """Whether a whole number is one of these, given as one array where the database has arrays."""
    wanted = sorted(set(numbers))
    if takes_records(session):
        return place == any_(literal(wanted, ARRAY(Integer)))
    return place.in_(wanted)


def hexadecimal(data: bytes) -> str:
    """Bytes as PostgreSQL reads them from text."""
    return "\\x" + data.hex()
