"""Where data sets come from, what their archives must hash to, and where they are kept."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gofau.catalog import Registry
from gofau.data.errors import MissingDataError


@dataclass(frozen=True)
class Source:
    """A data set as its authors publish it.

    Args:
        name: as in ``python -m gofau.data fetch NAME``.
        url: of the archive.
        md5: of the archive, 32 hex digits; what does not match is never unpacked.
        archive: the archive's file name, ``.tar.gz`` or ``.zip``.
        folder: the one folder inside the archive.
    """

    name: str
    url: str
    md5: str
    archive: str
    folder: str


sources: Final[Registry[Source]] = Registry("data set")
sources.add(
    Source(
        "cifar10",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        "c58f30108f718f92721af3b95e74349a",
        "cifar-10-python.tar.gz",
        "cifar-10-batches-py",
    )
)
sources.add(
    Source(
        "cifar100",
        "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
        "eb9058c3a382ffc7106e4002c42a8d85",
        "cifar-100-python.tar.gz",
        "cifar-100-python",
    )
)
sources.add(
    Source(
        "tiny-imagenet",
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        "90528d7ca1a48142e341f4ef8d21d0de",
        "tiny-imagenet-200.zip",
        "tiny-imagenet-200",
    )
)


def data_root() -> Path:
    """``$GOFAU_DATA`` if it is set, else ``~/.cache/gofau/data``."""
    given = os.environ.get("GOFAU_DATA")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "gofau" / "data"


def present(name: str, root: Path) -> Path:
    """The folder of a data set that has been fetched into ``root``.

    Raises:
        MissingDataError: it has not; the message holds the command that fetches it.
    """
    folder = root / sources.get(name, "name").folder
    if not folder.is_dir():
        raise MissingDataError(name, root)
    return folder
