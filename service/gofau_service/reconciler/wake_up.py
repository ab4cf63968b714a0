"""Wakes the reconciler before its next look is due."""

import threading


class Bell:
    """Set by requests that give the reconciler something to do; waiting clears it."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        """Ask for a look at the store now."""
        self._rung.set()

    def wait(self, seconds: float) -> None:
        """Sleep until it rings, or for so long."""
        self._rung.wait(seconds)
        self._rung.clear()
