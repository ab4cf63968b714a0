"""Runs the reconciler in a thread of the service."""

import logging
import threading

from gofau_service.reconciler.reconciler import Reconciler
from gofau_service.reconciler.wake_up import WakeUp

log = logging.getLogger(__name__)


class ReconcilerThread:
    """Looks again and again until it is stopped; a look that crashes is logged and repeated."""

    def __init__(self, reconciler: Reconciler, wake_up: WakeUp, every_s: float) -> None:
        self._reconciler = reconciler
        self._wake_up = wake_up
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the current look."""
        self._stopping.set()
        self._wake_up.request()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._reconciler.look()
            except Exception:
                log.exception("a look at the store failed; it is repeated")
            self._wake_up.wait(self._every_s)
