"""The exception tree of this package: `StudiesError` > `SpecError`."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One fault of a request: where it is, what was got and what is expected."""

    path: str
    got: object
    expected: str

    def __str__(self) -> str:
        return f"{self.path or 'spec'}: got {self.shown}, expected {self.expected}"

    @property
    def shown(self) -> str:
        """What was got, cut to a readable length."""
        text = repr(self.got)
        return text if len(text) <= 120 else f"{text[:117]}..."


class StudiesError(Exception):
    """Base of every error that this package raises on purpose."""


class SpecError(StudiesError):
    """A study spec that cannot be accepted, with one `FieldError` a fault."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = tuple(errors)
