"""Loaders read the published on-disk formats, and refuse what does not match."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gofau.data import CorruptDataError, MissingDataError
from gofau.data.cifar import cifar
from gofau.data.tiny_imagenet import tiny_imagenet
from gofau.packing import PackPlan, TrialPlan, run_pack
from gofau.problems import problem, registry
from tests.gofau.data.archives import PER_FILE


def test_cifar10_keeps_bytes_and_order(data: Path) -> None:
    images = cifar("cifar10", data)
    assert images.train_x.shape == (5 * PER_FILE, 3, 32, 32)
    assert images.val_x.dtype == np.uint8
    row = np.random.default_rng(2).integers(0, 256, (PER_FILE, 3072), dtype=np.uint8)[1]
    assert (images.train_x[PER_FILE + 1].reshape(-1) == row).all()
    assert images.train_y[:3].tolist() == [1, 2, 3]
    assert images.val_y.tolist() == [9, 0, 1, 2, 3]


def test_cifar100_reads_fine_labels(data: Path) -> None:
    images = cifar("cifar100", data)
    assert images.train_y.tolist() == [97, 98, 99, 0, 1]
    assert images.val_x.shape == (PER_FILE, 3, 32, 32)


@pytest.mark.parametrize("file", ["data_batch_3", "batches.meta"])
def test_a_changed_cifar_file_is_never_unpickled(data: Path, file: str, tmp_path: Path) -> None:
    """The file is a pickle that would leave a trace."""
    trace = tmp_path / "trace"
    evil = b"cos\nsystem\n(S'touch " + str(trace).encode() + b"'\ntR."
    (data / "cifar-10-batches-py" / file).write_bytes(evil)
    with pytest.raises(CorruptDataError, match="expected the published checksums; delete that"):
        cifar("cifar10", data)
    assert not trace.exists()


def test_tiny_imagenet_reads_folders_and_annotations(data: Path) -> None:
    images = tiny_imagenet(data)
    assert images.train_x.shape == (12, 3, 64, 64)
    assert images.train_y.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    # Classes are numbered in alphabetical order, whatever the order of wnids.txt.
    assert images.train_x[:, :, 0, 0].mean(1).tolist()[::4] == [40, 0, 80]
    assert images.val_y.tolist() == [1, 0, 2]
    assert images.val_x[:, 0, 5, 5].tolist() == [200, 201, 202]


def test_tiny_imagenet_is_decoded_once(data: Path) -> None:
    first = tiny_imagenet(data)
    folder = data / "tiny-imagenet-200"
    for image in folder.rglob("*.JPEG"):
        image.unlink()
    tiny_imagenet.cache_clear()
    second = tiny_imagenet(data)
    assert (second.train_x == first.train_x).all()
    assert (second.val_y == first.val_y).all()
    assert not list(folder.glob(".decoded*"))


def test_tiny_imagenet_in_a_folder_that_is_not_ours_stays_as_it_is(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    assert len(tiny_imagenet(data).train_y) == 12
    assert not (data / "tiny-imagenet-200" / "decoded").exists()


def test_a_part_of_tiny_imagenet_that_is_missing_is_named(data: Path) -> None:
    (data / "tiny-imagenet-200" / "val" / "val_annotations.txt").unlink()
    with pytest.raises(CorruptDataError, match=r"got no val/val_annotations\.txt, expected the la"):
        tiny_imagenet(data)


@pytest.mark.parametrize(
    ("name", "size"), [("cifar10-vgg11", 32), ("cifar100-vgg11", 32), ("tiny-imagenet-vgg11", 64)]
)
def test_problems_keep_images_as_bytes(data: Path, name: str, size: int) -> None:
    dataset = problem(name).dataset()
    assert dataset.train_x.shape[1:] == (3, size, size)
    moved = dataset.to(torch.float64, torch.device("cpu"))
    assert moved.train_x.dtype == torch.uint8
    assert moved.train_x.data_ptr() == dataset.train_x.data_ptr()


@pytest.mark.parametrize("name", [n for n in registry.entries if "resnet18" in n])
def test_a_problem_without_data_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("GOFAU_DATA", str(tmp_path))
    source = name.removesuffix("-resnet18")
    command = f"python -m gofau.data fetch {source} --root {tmp_path}"
    with pytest.raises(MissingDataError, match=command):
        problem(name).dataset()


def test_a_pack_without_data_names_the_command_before_it_trains(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = tmp_path / "with a space"
    monkeypatch.setenv("GOFAU_DATA", str(root))
    plan = PackPlan(
        "cifar10-vgg11", {}, "sgd", "additive", 1, 64, (TrialPlan(0, 0, 1.0, {}),), "val_loss"
    )
    command = f"python -m gofau.data fetch cifar10 --root '{root}'"
    with pytest.raises(MissingDataError, match=command):
        next(run_pack(plan))
