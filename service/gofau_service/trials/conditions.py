"""Conditions on a trial's axes and results, such as ``lr>=0.01``."""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self

from gofau_service.errors import InvalidError
from gofau_studies.errors import FieldError

FORM = re.compile(r"\s*(\w[\w.-]*?)\s*(<=|>=|<|>|=)\s*(\S{1,40})\s*")
HOLDS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


@dataclass(frozen=True)
class Condition:
    """A number of a trial, compared with a constant."""

    by: str
    sign: str
    than: float

    @classmethod
    def parse(cls, text: str, known: Sequence[str]) -> Self:
        """A name, a comparison and a number.

        Raises:
            InvalidError: another form, or a name that is not known.
        """
        match = FORM.fullmatch(text)
        than = _number(match[3]) if match else None
        if match is None or than is None:
            raise _refused(text, "a condition such as value<0.5, with <, <=, =, >= or >")
        if match[1] not in known:
            raise _refused(text, f"a condition on one of: {', '.join(known)}")
        return cls(match[1], match[2], than)

    def holds(self, numbers: Any) -> Any:
        """Where the numbers fulfil it; a missing one (NaN) never does."""
        return HOLDS[self.sign](numbers, self.than)


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if isfinite(found) else None


def _refused(got: str, expected: str) -> InvalidError:
    return InvalidError("a condition on trials", [FieldError("where", got, expected)])
