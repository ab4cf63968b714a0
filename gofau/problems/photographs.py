"""CIFAR-10, CIFAR-100 and Tiny ImageNet under ResNets and VGGs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import ClassVar

import torch
from torch import nn

from gofau.catalog import Registry, Scalar
from gofau.data.images import Images
from gofau.data.sources import data_root
from gofau.problems.base import Classification, Dataset
from gofau.problems.blocks.augmentation import crop_and_flip
from gofau.problems.blocks.layers import Pixels
from gofau.problems.blocks.resnet import resnet
from gofau.problems.blocks.vgg import vgg


@dataclass(frozen=True)
class Photographs:
    """A data set of coloured images.

    Args:
        name: as in `gofau.data.sources`.
        classes: how many.
        mean: of each channel over the training images, in [0, 1].
        std: likewise the standard deviation.
        padding: pixels around an image from which random crops are taken.
    """

    name: str
    classes: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    padding: int


collections: Registry[Photographs] = Registry("collection")
for _one in (
    Photographs("cifar10", 10, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616), 4),
    Photographs("cifar100", 100, (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762), 4),
    Photographs("tiny-imagenet", 200, (0.4802, 0.4481, 0.3975), (0.2770, 0.2691, 0.2821), 8),
):
    collections.add(_one)

_networks: dict[str, Callable[[int, str], list[nn.Module]]] = {
    "resnet18": lambda classes, kind: [resnet(18, classes, kind)],
    "resnet34": lambda classes, kind: [resnet(34, classes, kind)],
    "vgg11": partial(vgg, 11),
    "vgg16": partial(vgg, 16),
}


class PhotographProblem(Classification):
    """A network on a collection; images are kept as bytes and standardised by the first layer."""

    collection: ClassVar[Photographs]
    network: ClassVar[str]

    def __init__(self, parameters: Mapping[str, Scalar]) -> None:
        super().__init__(parameters)
        if self.parameters["augment"]:
            self.augmentation = partial(crop_and_flip, padding=self.collection.padding)

    def dataset(self) -> Dataset:
        """The images as bytes, from the folder `gofau.data.data_root`.

        Raises:
            gofau.data.MissingDataError: they have not been fetched.
        """
        return _dataset(self.collection.name, data_root())

    def module(self) -> nn.Sequential:
        """The network behind a `gofau.problems.blocks.layers.Pixels`."""
        one = self.collection
        layers = _networks[self.network](one.classes, self.text("norm"))
        return nn.Sequential(Pixels(one.mean, one.std), *layers)


@cache
def _dataset(name: str, root: Path) -> Dataset:
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


def photograph_problems() -> list[type[PhotographProblem]]:
    """Every network on every collection, as a class of its own."""
    return [_class(one, network) for one in collections.entries.values() for network in _networks]


def _class(collection: Photographs, network: str) -> type[PhotographProblem]:
    name = f"{collection.name}-{network}"
    title = "".join(part.capitalize() for part in name.split("-"))
    members = {
        "name": name,
        "collection": collection,
        "network": network,
        "__doc__": f"{network} on {collection.name}.",
    }
    return type(title, (PhotographProblem,), members)
