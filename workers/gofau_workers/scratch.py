"""Folders for as long as their process lives; those of killed processes are removed by the next."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "gofau-tune-"


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """An empty folder in ``parent``, the system's for temporary files by default.

    Its process holds a lock on it, which the kernel drops with the process: a folder that nobody
    has locked is a dead process's, in whatever container that ran, and is removed here.
    """
    root = Path(tempfile.gettempdir()) if parent is None else parent
    for left in root.glob(f"{PREFIX}*"):
        _remove_if_dead(left)
    folder, lock = _locked(root)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked(root: Path) -> tuple[Path, int]:
    """A new folder and the descriptor that locks it."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Between the making and the locking, another process may have taken it for a dead one's.
        if folder.exists():
            return folder, lock
        os.close(lock)


def _remove_if_dead(folder: Path) -> None:
    """Remove a folder of this user's that no process has locked."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return  # another user's, a link, no folder, or gone
    try:
        if os.fstat(lock).st_uid == os.geteuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return  # its process lives
    finally:
        os.close(lock)
