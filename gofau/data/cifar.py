"""CIFAR-10 and CIFAR-100 through torchvision's own dataset classes."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torchvision.datasets import CIFAR10, CIFAR100

from gofau.data.errors import CorruptDataError, fetch_command
from gofau.data.images import Images
from gofau.data.sources import present

_classes = {"cifar10": CIFAR10, "cifar100": CIFAR100}


@cache
def cifar(name: str, root: Path) -> Images:
    """The 50,000 training images, and the 10,000 test images to validate on, 3x32x32 each.

    The files are pickles. torchvision compares each with its published checksum before any is
    read, so that nothing else is ever unpickled.

    Args:
        name: ``cifar10`` or ``cifar100`` (fine labels).
        root: the folder that holds the data set's folder.

    Raises:
        MissingDataError: the data set has not been fetched.
        CorruptDataError: a file does not match its checksum.

    Source: Krizhevsky, Learning multiple layers of features from tiny images (2009).
    """
    folder = present(name, root)
    try:
        train, val = (_classes[name](str(root), train=flag) for flag in (True, False))
    except RuntimeError as error:
        remedy = f"delete that folder and run: {fetch_command(name, root)}"
        raise CorruptDataError(
            folder, "files of other content", "the published checksums", remedy
        ) from error
    return Images(*_arrays(train), *_arrays(val))


def _arrays(split: CIFAR10) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    x = np.ascontiguousarray(split.data.transpose(0, 3, 1, 2), dtype=np.uint8)
    return x, np.asarray(split.targets, dtype=np.int64)
