"""A problem's examples, read once for all that a pack does with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from gofau.problems.base import Dataset, Problem

_Held = tuple[type[Problem], dict[str, object], Dataset]
_held: ContextVar[_Held | None] = ContextVar("held", default=None)


@contextmanager
def holding(problem: Problem, data: Dataset) -> Iterator[None]:
    """Let `examples` give ``data`` for this problem until the block ends.

    What has been looked at is then what is trained on, whatever happens to a file meanwhile.
    """
    token = _held.set((type(problem), dict(problem.parameters), data))
    try:
        yield
    finally:
        _held.reset(token)


def examples(problem: Problem) -> Dataset:
    """The examples that are held for the problem, or else what it reads now."""
    held = _held.get()
    if held is not None and held[:2] == (type(problem), dict(problem.parameters)):
        return held[2]
    return problem.dataset()
