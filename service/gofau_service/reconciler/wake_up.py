"""Wakes the reconciler before its next look is due."""

import threading


class WakeUp:
    """Set by requests that give the reconciler something to do; waiting clears it."""

    def __init__(self) -> None:
        self._requested = threading.Event()

    def request(self) -> None:
        """Ask for a look at the store now."""
        self._requested.set()

    def wait(self, seconds: float) -> None:
        """Sleep until a look is asked for, or for so long."""
        self._requested.wait(seconds)
        self._requested.clear()
