"""Locks on files and folders, which the kernel drops with their process, however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(file: Path, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a file, which is made if it is not there, until the block ends.

    Args:
        file: in a folder that is there.
        wait: for whoever holds it now.

    Raises:
        BlockingIOError: somebody holds it, and ``wait`` is false.
        OSError: it cannot be opened.
    """
    with _locked(file, os.O_RDWR | os.O_CREAT, wait):
        yield


@contextmanager
def locked_folder(folder: Path, wait: bool = True) -> Iterator[None]:
    """As `locked`, of a folder that is there."""
    with _locked(folder, os.O_RDONLY | os.O_DIRECTORY, wait):
        yield


@contextmanager
def _locked(path: Path, flags: int, wait: bool) -> Iterator[None]:
    descriptor = os.open(path, flags, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
