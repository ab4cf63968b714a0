"""Small archives in the published on-disk formats of CIFAR and Tiny ImageNet."""

import hashlib
import io
import pickle
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import CIFAR10, CIFAR100

from gofau.catalog import Registry
from gofau.data import Source, sources

PER_FILE = 5
TINY_CLASSES = ("n02000002", "n01000001", "n03000003")


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def cifar_pickle(names: tuple[str, ...], classes: int, start: int) -> bytes:
    """One batch file: rows of 3,072 bytes, channel after channel, and lists of labels."""
    rng = np.random.default_rng(start)
    rows: dict[str, Any] = {
        "data": rng.integers(0, 256, (PER_FILE, 3072), dtype=np.uint8),
        "batch_label": f"batch {start}",
        "filenames": [f"{start}-{i}.png" for i in range(PER_FILE)],
    }
    rows |= {name: [(start + i) % classes for i in range(PER_FILE)] for name in names}
    return pickle.dumps(rows, protocol=2)


def cifar10_files() -> dict[str, bytes]:
    labels = {"label_names": [f"class {i}" for i in range(10)], "num_vis": 3072}
    files = {f"data_batch_{i}": cifar_pickle(("labels",), 10, i) for i in range(1, 6)}
    return {
        **files,
        "test_batch": cifar_pickle(("labels",), 10, 9),
        "batches.meta": pickle.dumps(labels, protocol=2),
    }


def cifar100_files() -> dict[str, bytes]:
    names = ("fine_labels", "coarse_labels")
    meta = {"fine_label_names": [str(i) for i in range(100)], "coarse_label_names": ["all"]}
    return {
        "train": cifar_pickle(names, 100, 97),
        "test": cifar_pickle(names, 100, 7),
        "meta": pickle.dumps(meta, protocol=2),
    }


def tarred(folder: str, files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def jpeg(value: int, grey: bool = False) -> bytes:
    """A JPEG of 64x64 equal pixels; a few of the published ones have one channel."""
    out = io.BytesIO()
    Image.new("L" if grey else "RGB", (64, 64), value if grey else (value,) * 3).save(out, "JPEG")
    return out.getvalue()


def tiny_files() -> dict[str, bytes]:
    files = {"wnids.txt": "\n".join(TINY_CLASSES).encode()}
    rows = []
    for c, wnid in enumerate(TINY_CLASSES):
        for i in range(4):
            files[f"train/{wnid}/images/{wnid}_{i}.JPEG"] = jpeg(40 * c + i, grey=i == 3)
        files[f"train/{wnid}/{wnid}_boxes.txt"] = b""
        files[f"val/images/val_{c}.JPEG"] = jpeg(200 + c)
        rows.append(f"val_{c}.JPEG\t{wnid}\t0\t0\t63\t63")
    files["val/val_annotations.txt"] = ("\n".join(rows) + "\n").encode()
    files["test/images/test_0.JPEG"] = jpeg(0)
    return files


def zipped(folder: str, files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{folder}/{name}", data)
    return out.getvalue()


def make_archives() -> dict[str, bytes]:
    """Each data set's archive by its file name."""
    return {
        "cifar-10-python.tar.gz": tarred("cifar-10-batches-py", cifar10_files()),
        "cifar-100-python.tar.gz": tarred("cifar-100-python", cifar100_files()),
        "tiny-imagenet-200.zip": zipped("tiny-imagenet-200", tiny_files()),
    }


def trust(monkeypatch: pytest.MonkeyPatch, archives: dict[str, bytes], base: str) -> None:
    """Replace the published checksums and addresses by those of ``archives`` under ``base``."""
    fake: Registry[Source] = Registry("data set")
    for source in sources.entries.values():
        data = archives[source.archive]
        fake.add(replace(source, md5=md5(data), url=f"{base}/{source.archive}"))
    monkeypatch.setattr(sources, "_entries", dict(fake.entries))
    for kind, files in ((CIFAR10, cifar10_files()), (CIFAR100, cifar100_files())):
        for listed in ("train_list", "test_list"):
            rows = [[name, md5(files[name])] for name, _ in getattr(kind, listed)]
            monkeypatch.setattr(kind, listed, rows)
        meta = {**kind.meta, "md5": md5(files[kind.meta["filename"]])}
        monkeypatch.setattr(kind, "meta", meta)


def unpack(archives: dict[str, bytes], root: Path) -> None:
    """What `gofau.data.fetch` leaves in ``root``."""
    for name, data in archives.items():
        if name.endswith(".zip"):
            zipfile.ZipFile(io.BytesIO(data)).extractall(root)
        else:
            with tarfile.open(fileobj=io.BytesIO(data)) as packed:
                packed.extractall(root, filter="data")
