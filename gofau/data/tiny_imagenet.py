"""Tiny ImageNet through torchvision's ImageFolder, on the layout of its archive."""

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torchvision.datasets import ImageFolder

from gofau.data.errors import CorruptDataError, fetch_command
from gofau.data.images import Images
from gofau.data.sources import present
from gofau.locks import locked

NAME = "tiny-imagenet"
DECODED = "decoded"
FIELDS = ("train_x", "train_y", "val_x", "val_y")


class ValidationFolder(ImageFolder):  # type: ignore[misc] # torchvision has no types
    """The validation images, which lie in one folder beside a table of their classes."""

    def find_classes(self, directory: str) -> tuple[list[str], dict[str, int]]:
        """The classes of the training folder, in the order in which it numbers them."""
        names = sorted(p.name for p in (Path(directory).parent / "train").iterdir())
        return names, {name: i for i, name in enumerate(names)}

    @staticmethod
    def make_dataset(
        directory: str, class_to_idx: dict[str, int], *_: Any, **__: Any
    ) -> list[tuple[str, int]]:
        """Each image's path and class, as ``val_annotations.txt`` lists them."""
        folder = Path(directory)
        rows = (folder / "val_annotations.txt").read_text(encoding="ascii").splitlines()
        pairs = (row.split("\t")[:2] for row in rows)
        return [(str(folder / "images" / file), class_to_idx[wnid]) for file, wnid in pairs]


@cache
def tiny_imagenet(root: Path) -> Images:
    """The 100,000 training and 10,000 validation images of 200 classes, 3x64x64 each.

    Decoding the JPEGs takes long, so the first caller keeps the result beside them, where the
    folder may be written to.

    Raises:
        MissingDataError: the data set has not been fetched.
        CorruptDataError: a part of the archive's layout is missing.

    Source: Le, Yang, Tiny ImageNet visual recognition challenge, CS 231N, Stanford (2015).
    """
    folder = present(NAME, root)
    _check(folder, root)
    kept = folder / DECODED
    if kept.is_dir():
        return _load(kept)
    if not os.access(folder, os.W_OK):
        return _decode(folder)
    with locked(root / f".{NAME}.lock"):
        if not kept.is_dir():
            _keep(_decode(folder), kept)
    return _load(kept)


def _check(folder: Path, root: Path) -> None:
    for part in ("train", "val/images", "val/val_annotations.txt"):
        if not (folder / part).exists():
            remedy = f"delete that folder and run: {fetch_command(NAME, root)}"
            raise CorruptDataError(folder, f"no {part}", "the layout of the archive", remedy)


def _decode(folder: Path) -> Images:
    train = ImageFolder(str(folder / "train"), transform=_pixels)
    val = ValidationFolder(str(folder / "val"), transform=_pixels)
    return Images(*_arrays(train), *_arrays(val))


def _pixels(image: Any) -> NDArray[np.uint8]:
    return np.asarray(image, dtype=np.uint8).transpose(2, 0, 1)


def _arrays(split: ImageFolder) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    x = np.empty((len(split), *split[0][0].shape), dtype=np.uint8)
    for i, (image, _) in enumerate(split):
        x[i] = image
    return x, np.asarray(split.targets, dtype=np.int64)


def _keep(images: Images, kept: Path) -> None:
    with TemporaryDirectory(dir=kept.parent, prefix=".decoded.") as aside:
        whole = Path(aside) / DECODED
        whole.mkdir()
        for field in FIELDS:
            np.save(whole / f"{field}.npy", getattr(images, field), allow_pickle=False)
        whole.rename(kept)


def _load(kept: Path) -> Images:
    return Images(*(np.load(kept / f"{field}.npy", allow_pickle=False) for field in FIELDS))
