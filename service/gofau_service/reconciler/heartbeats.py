"""Measures how long a counter in the store has stood still, by this process's own clock.

Wall clocks step and differ between machines; a counter seen twice does not. A process that has
just started has seen nothing, so everybody gets a whole time to live from it.
"""

import time
from collections.abc import Callable, Hashable


class Heartbeats:
    """Seconds since the value of each key last changed, as seen from here."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[Hashable, tuple[object, float]] = {}

    def age_s(self, key: Hashable, value: object) -> float:
        """Note the value of a key now and return how long it has been that."""
        at = self._clock()
        known = self._seen.get(key)
        if known is None or known[0] != value:
            self._seen[key] = known = (value, at)
        return at - known[1]

    def keep(self, keys: set[Hashable]) -> None:
        """Forget every other key."""
        self._seen = {key: seen for key, seen in self._seen.items() if key in keys}
