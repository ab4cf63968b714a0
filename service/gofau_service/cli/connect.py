"""Finding the service."""

import os
from pathlib import Path

from gofau_service.cli.local.state import is_locked, read_state
from gofau_service.cli.options import DATA_DIR
from gofau_service.client import Backoff, Client

DEFAULT_URL = "http://127.0.0.1:8080"
RESTART = Backoff(tries=10)
"""Waits 26 s for a service that is being restarted."""


def connect(url: str | None, token: str | None, backoff: Backoff | None = None) -> Client:
    """A client for the address given, else for this folder's stack, else for the default port."""
    data_dir = Path(os.environ.get("GOFAU_DATA_DIR") or DATA_DIR)
    state = read_state(data_dir) if url is None else None
    if state is not None and data_dir.exists() and is_locked(data_dir):
        return Client(state.url, token or state.token, backoff=backoff)
    return Client(url or DEFAULT_URL, token, backoff=backoff)
