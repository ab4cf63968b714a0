"""Many cases in one test, of which a failure names its own."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def case(*parts: object) -> Iterator[None]:
    """Say which case it was, should anything fail inside."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"case: {', '.join(map(str, parts))}")
        raise
