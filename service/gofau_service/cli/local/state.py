"""Where a folder's running stack is written down, and the lock that says that it runs.

The lock is the kernel's (``flock``): it goes when its process goes, however that ends, so that a
state file without a lock is the trace of a stack that was killed.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from gofau.locks import locked
from gofau_service.cli.local.errors import LocalError

STATE_FILE = "stack.json"
LOCK_FILE = "stack.lock"
ROOM = 1_000_000
"""Bytes that a data folder's disk must have left for a start; a database alone takes a third."""


class StackState(BaseModel):
    """A stack's addresses, tokens, and what finds its processes."""

    model_config = ConfigDict(frozen=True)

    mark: str
    pid: int
    url: str
    ray_url: str
    token: str | None
    ray_token: str
    ray_folder: Path
    ready: bool = False


def prepare(data_dir: Path) -> None:
    """Make the data folder, and see that a service can live in it.

    Raises:
        LocalError: it cannot be written to, or its disk is full.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        (data_dir / LOCK_FILE).open("ab").close()
    except OSError as error:
        raise LocalError(
            f"data folder: got {data_dir} ({error.strerror}), expected one that may be written "
            "to; choose one with --data-dir"
        ) from error
    room = shutil.disk_usage(data_dir).free
    if room < ROOM:
        raise LocalError(
            f"data folder: got {data_dir} with room for {room} bytes, expected {ROOM} or more; "
            "make room, or choose another with --data-dir"
        )


def state_file(data_dir: Path) -> Path:
    """The state file of a data folder."""
    return data_dir / STATE_FILE


def read_state(data_dir: Path) -> StackState | None:
    """What the state file says, or ``None`` without a readable one."""
    try:
        return StackState.model_validate_json(state_file(data_dir).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None


def write_state(data_dir: Path, state: StackState) -> None:
    """Write the state file for its owner's eyes only, since it holds tokens."""
    path = state_file(data_dir)
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(state.model_dump_json(indent=2))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def remove_state(data_dir: Path) -> None:
    """Remove the state file."""
    state_file(data_dir).unlink(missing_ok=True)


def is_locked(data_dir: Path) -> bool:
    """Whether a stack of this data folder runs."""
    try:
        with locked(data_dir / LOCK_FILE, wait=False):
            return False
    except BlockingIOError:
        return True


@contextmanager
def lock(data_dir: Path) -> Iterator[None]:
    """Hold the folder's lock.

    Raises:
        LocalError: a stack already runs here.
    """
    try:
        with locked(data_dir / LOCK_FILE, wait=False):
            yield
    except BlockingIOError as error:
        raise LocalError(taken(data_dir)) from error


def taken(data_dir: Path) -> str:
    """Why no second stack starts in this data folder."""
    state = read_state(data_dir)
    where = f" at {state.url} (pid {state.pid})" if state else ""
    return (
        f"{data_dir}: got a service that already runs{where}, expected none; "
        "use it with 'gofau submit SPEC --watch', or stop it with 'gofau down'"
    )
