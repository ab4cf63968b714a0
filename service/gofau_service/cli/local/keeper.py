"""Starts the parts of a stack again when they end by themselves, and says when that is in vain.

The store is on disk and whatever ran is started anew from there, so that a lost process costs the
time of a start and no results.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from gofau_service.cli.local.errors import LocalError
from gofau_service.cli.local.processes import Started

log = logging.getLogger(__name__)

STEADY_S = 20.0
SHORT_LIVES = 3
LOOK_EVERY_S = 0.5


class Part:
    """One process of a stack and how to start it; it is started at once."""

    def __init__(
        self,
        name: str,
        launch: Callable[[], Started],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._launch = launch
        self._clock = clock
        self._short_lives = 0
        self._start()

    def tend(self) -> None:
        """Start the process again if it has ended.

        Raises:
            LocalError: it ended too often shortly after its start; with the end of its log.
        """
        if self.process.running:
            return
        steady = self._clock() - self._started_at >= STEADY_S
        self._short_lives = 0 if steady else self._short_lives + 1
        if self._short_lives > SHORT_LIVES:
            raise LocalError(
                f"{self.name} ended by itself {self._short_lives} times within {STEADY_S:g} s of "
                f"its start; {self.process.log} ends:\n{self.process.tail()}"
            )
        log.warning("%s ended by itself and is started again", self.name)
        self._start()

    def _start(self) -> None:
        self.process = self._launch()
        self._started_at = self._clock()


class Keeper:
    """Tends parts in a thread while its block runs."""

    def __init__(self, parts: Sequence[Part], every_s: float = LOOK_EVERY_S) -> None:
        self._parts = parts
        self._every_s = every_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._tend, name="keeper", daemon=True)
        self.gave_up = threading.Event()
        self.failure: str | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()

    def _tend(self) -> None:
        while not self._ending.wait(self._every_s):
            try:
                for part in self._parts:
                    part.tend()
            except (LocalError, OSError) as error:
                self.failure = str(error)
                self.gave_up.set()
                return
