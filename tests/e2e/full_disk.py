"""Ways to fill the disk of a stack's store, and to give the room back."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil

from tests.e2e import faults
from tests.e2e.folder import Folder

SIZE_MB = 64


class Disk(Protocol):
    """A disk that can be full."""

    def fill(self) -> None:
        """Take all room."""

    def free(self) -> None:
        """Give it back."""


class Mounted:
    """A small disk in memory, filled by a file that takes what is left."""

    def __init__(self, data: Path) -> None:
        self._ballast = data / "ballast"

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        assert shutil.disk_usage(self._ballast).free == 0

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)


class Limited:
    """A service that may write no byte to any file, as the kernel's limit on their size has it."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def fill(self) -> None:
        [pid] = faults.those(self._folder, faults.is_service)
        self._service = psutil.Process(pid)
        _, self._most = self._service.rlimit(psutil.RLIMIT_FSIZE)
        self._service.rlimit(psutil.RLIMIT_FSIZE, (0, self._most))

    def free(self) -> None:
        self._service.rlimit(psutil.RLIMIT_FSIZE, (self._most, self._most))


@contextmanager
def mounted(folder: Folder) -> Iterator[Disk]:
    """A disk of its own for the data of a folder."""
    data = folder.path / "data"
    data.mkdir()
    size = f"size={SIZE_MB}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", str(data)], check=True)
    disk = Mounted(data)
    try:
        yield disk
    finally:
        disk.free()
        folder.clear()
        subprocess.run(["umount", "--lazy", str(data)], check=True)


@contextmanager
def limited(folder: Folder) -> Iterator[Disk]:
    """The machine's disk, closed to the service."""
    yield Limited(folder)


def may_mount() -> bool:
    """Whether this process is allowed to mount."""
    if shutil.which("mount") is None or shutil.which("unshare") is None:
        return False
    probe = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    return probe.returncode == 0


WAYS = [limited, mounted] if may_mount() else [limited]
