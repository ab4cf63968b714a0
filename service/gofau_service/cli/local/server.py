"""The service as a process of its own."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from gofau_service.cli.local import processes
from gofau_service.cli.local.errors import LocalError

START_TIMEOUT_S = 180.0
GRACE_S = 8.0


def start_server(mark: str, settings: Mapping[str, str], logs: Path) -> processes.Started:
    """Start ``python -m gofau_service`` with ``GOFAU_*`` settings, for `wait_for_server`."""
    command = [sys.executable, "-m", "gofau_service"]
    return processes.start(command, mark, settings, logs / "service.log")


def wait_for_server(url: str, process: processes.Started) -> None:
    """Wait until the service says that it is ready.

    A service of another folder that took the port meanwhile answers just as well, so the answer
    counts only once ``process`` itself listens there.

    Raises:
        LocalError: it ended, or does not answer in time; with the end of its log.
    """
    deadline, port = time.monotonic() + START_TIMEOUT_S, int(url.rpartition(":")[2])
    while time.monotonic() < deadline:
        if not process.running:
            raise LocalError(
                f"the service ended while starting; {process.log} ends:\n{process.tail()}"
            )
        try:
            if process.listens_on(port) and httpx.get(f"{url}/readyz", timeout=5.0).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise LocalError(
        f"the service: got no answer at {url}/readyz in {START_TIMEOUT_S:g} s; "
        f"{process.log} ends:\n{process.tail()}"
    )
