"""Folders for as long as their process lives; those of killed processes are removed by the next."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR

from gofau.locks import locked_folder

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
    with ExitStack() as held:
        folder = _locked(root, held)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _locked(root: Path, held: ExitStack) -> Path:
    """A new folder, whose lock ``held`` keeps."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        with suppress(FileNotFoundError), ExitStack() as own:
            own.enter_context(locked_folder(folder))
            # Between the making and the locking, another process may have taken it for a dead
            # one's.
            if folder.exists():
                held.push(own.pop_all())
                return folder


def _remove_if_dead(folder: Path) -> None:
    """Remove a folder of this user's that no process has locked."""
    # What cannot be looked at or locked is gone, or its process lives.
    with suppress(OSError):
        found = folder.lstat()
        if S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
            with locked_folder(folder, wait=False):
                shutil.rmtree(folder, ignore_errors=True)
