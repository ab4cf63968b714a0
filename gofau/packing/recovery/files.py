"""Files that outlive a process, replaced as a whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path, partial: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of ``path`` at the end.

    A crash of the machine leaves the old one or the new one. A fault leaves the old one and no
    part of the new one, which would take the room that the next one needs.

    Args:
        path: what is replaced, if it is there.
        partial: what is written, in the same folder.
    """
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)
