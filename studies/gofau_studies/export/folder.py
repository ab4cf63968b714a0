"""A folder that appears when all of it has been written."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gofau_studies.errors import StudiesError


class FolderError(StudiesError):
    """A folder that cannot take an export: what, got, expected, remedy."""


@contextmanager
def fresh_folder(path: Path) -> Iterator[Path]:
    """A folder to write into, which becomes ``path`` unless the block fails.

    Raises:
        FolderError: ``path`` is there and holds something already.
    """
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise FolderError(
            f"{path}: got something there, expected nothing or an empty folder; name another"
        )
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.mkdir(parents=True)
    try:
        yield part
        part.replace(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
