"""A token bucket for each caller."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

from gofau_service.errors import ThrottledError

REMEMBERED = 10_000


class RateLimit:
    """Lets each caller make ``burst`` calls at once and ``per_s`` a second in the long run.

    Callers are remembered in this process alone; the least recent are forgotten.
    """

    def __init__(
        self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._turn = threading.Lock()

    def take(self, caller: str) -> None:
        """Count one call.

        Raises:
            ThrottledError: the caller has none left.
        """
        at = self._clock()
        with self._turn:
            left, since = self._left.pop(caller, (float(self._burst), at))
            left = min(left + (at - since) * self._per_s, self._burst)
            allowed = left >= 1
            self._left[caller] = (left - 1 if allowed else left, at)
            if len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
        if not allowed:
            wait = ceil((1 - left) / self._per_s)
            raise ThrottledError(f"more than {self._per_s:g} requests a second", wait)
