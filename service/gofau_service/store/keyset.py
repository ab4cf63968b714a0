"""Orders of a list, and where a page of it goes on: by value and, among equals, by number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, UnaryExpression

from gofau_service.errors import InvalidError
from gofau_studies.errors import FieldError


@dataclass(frozen=True)
class Order:
    """By what a list is sorted, and whether the largest comes first."""

    by: str
    descending: bool = False

    @classmethod
    def parse(cls, text: str, known: Sequence[str]) -> Self:
        """``name`` or ``-name``, descending with a minus.

        Raises:
            InvalidError: none of the ``known`` names.
        """
        by = text.removeprefix("-")
        if by not in known:
            expected = f"one of: {', '.join(known)}; with - for descending"
            raise InvalidError("unknown order", [FieldError("sort", text, expected)])
        return cls(by, text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.by}" if self.descending else self.by

    def terms(self, *columns: Any) -> list[UnaryExpression[Any]]:
        """What to order by: all columns in the direction of the list."""
        return [column.desc() if self.descending else column.asc() for column in columns]

    def after(
        self, column: Any, value: object, number: Any, last: int
    ) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """Conditions on what comes after a (value, number), the first one for an index."""
        if self.descending:
            return column <= value, (column < value) | ((column == value) & (number < last))
        return column >= value, (column > value) | ((column == value) & (number > last))
