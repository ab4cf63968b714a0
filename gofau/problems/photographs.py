"""CIFAR-10, CIFAR-100 and Tiny ImageNet under ResNets and VGGs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from math import log
from typing import TYPE_CHECKING, ClassVar, Final

from gofau.catalog import Parameter, ProblemEntry, Registry
from gofau.data.sources import data_root
from gofau.problems.base import Classification, Dataset
from gofau.problems.parameters import METRICS, norm_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn

    from gofau.catalog import Scalar
    from gofau.data.images import Images


@dataclass(frozen=True)
class Photographs:
    """A data set of coloured images.

    Args:
        name: as in `gofau.data.sources`.
        title: as its authors write it.
        classes: how many.
        train_size: training images; 10,000 more are for validation.
        side: pixels of an image's edge.
        mean: of each channel over the training images, in [0, 1].
        std: likewise the standard deviation.
        padding: pixels around an image from which random crops are taken.
    """

    name: str
    title: str
    classes: int
    train_size: int
    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    padding: int


collections: Registry[Photographs] = Registry("collection")
for _one in (
    Photographs(
        "cifar10",
        "CIFAR-10",
        classes=10,
        train_size=50_000,
        side=32,
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2470, 0.2435, 0.2616),
        padding=4,
    ),
    Photographs(
        "cifar100",
        "CIFAR-100",
        classes=100,
        train_size=50_000,
        side=32,
        mean=(0.5071, 0.4865, 0.4409),
        std=(0.2673, 0.2564, 0.2762),
        padding=4,
    ),
    Photographs(
        "tiny-imagenet",
        "Tiny ImageNet",
        classes=200,
        train_size=100_000,
        side=64,
        mean=(0.4802, 0.4481, 0.3975),
        std=(0.2770, 0.2691, 0.2821),
        padding=8,
    ),
):
    collections.add(_one)


@dataclass(frozen=True)
class Network:
    """A network for small images: its family and depth, its name in words, its usual norm."""

    family: str
    depth: int
    words: str
    norm: str

    def layers(self, classes: int, norm: str) -> list[nn.Module]:
        """Freshly initialised; see `gofau.problems.blocks.layers.norm` for ``norm``."""
        from gofau.problems.blocks.resnet import resnet
        from gofau.problems.blocks.vgg import vgg

        if self.family == "vgg":
            return vgg(self.depth, classes, norm)
        return [resnet(self.depth, classes, norm)]


NETWORKS: Final = (
    Network("resnet", 18, "ResNet-18 with the stem for small images", "batch"),
    Network("resnet", 34, "ResNet-34 with the stem for small images", "batch"),
    Network("vgg", 11, "VGG-11 with one linear layer", "none"),
    Network("vgg", 16, "VGG-16 with one linear layer", "none"),
)


class PhotographProblem(Classification):
    """A network on a collection; images are kept as bytes and standardised by the first layer."""

    collection: ClassVar[Photographs]
    network: ClassVar[Network]

    def __init__(self, parameters: Mapping[str, Scalar]) -> None:
        super().__init__(parameters)
        if self.parameters["augment"]:
            from gofau.problems.blocks.augmentation import crop_and_flip

            self.augmentation = partial(crop_and_flip, padding=self.collection.padding)

    def dataset(self) -> Dataset:
        """The images as bytes, from the folder `gofau.data.data_root`.

        Raises:
            gofau.data.MissingDataError: they have not been fetched.
        """
        return _dataset(self.collection.name, data_root())

    def module(self) -> nn.Sequential:
        """The network behind a `gofau.problems.blocks.layers.Pixels`."""
        from torch import nn

        from gofau.problems.blocks.layers import Pixels

        one = self.collection
        layers = self.network.layers(one.classes, self.text("norm"))
        return nn.Sequential(Pixels(one.mean, one.std), *layers)


@cache
def _dataset(name: str, root: Path) -> Dataset:
    import torch

    images = _load(name, root)
    return Dataset(
        torch.from_numpy(images.train_x),
        torch.from_numpy(images.train_y),
        torch.from_numpy(images.val_x),
        torch.from_numpy(images.val_y),
    )


def _load(name: str, root: Path) -> Images:
    # Here, since importing torchvision takes seconds and not every installation has it.
    if name == "tiny-imagenet":
        from gofau.data.tiny_imagenet import tiny_imagenet

        return tiny_imagenet(root)
    from gofau.data.cifar import cifar

    return cifar(name, root)


def _class(collection: Photographs, network: Network) -> type[PhotographProblem]:
    short = f"{network.family}{network.depth}"
    entry = ProblemEntry(
        f"{collection.name}-{short}",
        f"{network.words} on {collection.title} ({collection.classes} classes of "
        f"{collection.side}x{collection.side} photographs, {collection.train_size:,} train, 10,000 "
        f"validation); needs: python -m gofau.data fetch {collection.name}.",
        (
            norm_parameter(network.norm),
            Parameter("augment", bool, True, "random crops and flips of the training images"),
        ),
        cap=log(collection.classes),
        metrics=METRICS,
        train_size=collection.train_size,
        classes=collection.classes,
    )
    members = {
        "__module__": __name__,
        "entry": entry,
        "name": entry.name,
        "collection": collection,
        "network": network,
        "__doc__": f"{short} on {collection.name}.",
    }
    title = "".join(part.capitalize() for part in entry.name.split("-"))
    return type(title, (PhotographProblem,), members)


PROBLEMS: Final = tuple(
    _class(one, network) for one in collections.entries.values() for network in NETWORKS
)
"""Every network on every collection, as a class of its own."""
