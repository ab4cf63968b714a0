"""When to ask again, and how long to wait before."""

from collections.abc import Iterator
from dataclasses import dataclass

RETRIED_STATUS = frozenset({502, 503, 504})
"""Answers that say nothing about the request. A 4xx is never retried."""


@dataclass(frozen=True)
class Backoff:
    """Pauses ``first_s``, ``first_s·factor``, ... up to ``longest_s``, ``tries - 1`` of them."""

    tries: int = 5
    first_s: float = 0.2
    factor: float = 2.0
    longest_s: float = 5.0

    def pauses(self) -> Iterator[float]:
        """The pauses between the tries, in seconds."""
        pause = self.first_s
        for _ in range(self.tries - 1):
            yield min(pause, self.longest_s)
            pause *= self.factor
