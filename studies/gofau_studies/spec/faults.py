"""What validators raise, and the checks of text and lists that several fields share."""

from collections.abc import Hashable, Iterable

from pydantic_core import PydanticCustomError


def fault(path: str, got: object, expected: str) -> PydanticCustomError:
    """A validation error whose ``path`` is relative to the model that raises it."""
    return PydanticCustomError(
        "field", "{expected}", {"path": path, "got": got, "expected": expected}
    )


def storable(text: str) -> str:
    """A validator: the text itself, if every store can hold it.

    Raises:
        PydanticCustomError: a NUL character.
    """
    if "\0" in text:
        raise fault("", text, "text without NUL characters")
    return text


def telling(text: str) -> str:
    """A validator: the text itself, if it is storable and empty or says something.

    Raises:
        PydanticCustomError: nothing but blanks, or a NUL character.
    """
    if text and not text.strip():
        raise fault("", text, "text that is not blank")
    return storable(text)


def check_distinct(path: str, values: Iterable[Hashable], expected: str) -> None:
    """Raise for the first value that comes again.

    Raises:
        PydanticCustomError: with what is ``expected`` instead.
    """
    seen = set()
    for value in values:
        if value in seen:
            raise fault(path, value, expected)
        seen.add(value)
