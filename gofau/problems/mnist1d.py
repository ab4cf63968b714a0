"""Networks on the MNIST-1D signals."""

from __future__ import annotations

from functools import cache
from math import log
from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import ProblemEntry
from gofau.problems.base import Classification, Dataset
from gofau.problems.parameters import DEPTH, METRICS, norm_parameter, width_parameter

if TYPE_CHECKING:
    from torch import nn

LENGTH = 40
CLASSES = 10
TRAIN_SIZE = 4000


@cache
def _dataset(*shape: int) -> Dataset:
    import torch

    from gofau.problems.blocks.signals import signals

    x, labels = signals()
    inputs = torch.from_numpy(x).float().view(-1, *shape)
    y = torch.from_numpy(labels).long()
    return Dataset(inputs[:TRAIN_SIZE], y[:TRAIN_SIZE], inputs[TRAIN_SIZE:], y[TRAIN_SIZE:])


@final
class Mnist1dMLP(Classification):
    """A ReLU MLP of ``depth`` hidden layers of ``width`` units on the signals."""

    entry = ProblemEntry(
        "mnist1d-mlp",
        "A ReLU MLP on the MNIST-1D signals of 40 points (4,000 train, 1,000 validation).",
        (width_parameter(100), DEPTH, norm_parameter()),
        cap=log(CLASSES),
        metrics=METRICS,
        train_size=TRAIN_SIZE,
        classes=CLASSES,
    )
    name: ClassVar[str] = entry.name

    def dataset(self) -> Dataset:
        """The signals ``[N, 40]``: 4,000 to train on, 1,000 to validate on."""
        return _dataset(LENGTH)

    def module(self) -> nn.Sequential:
        """The MLP, 40 inputs and 10 outputs."""
        from gofau.problems.blocks.mlp import mlp

        hidden = (self.integer("width"),) * self.integer("depth")
        return mlp((LENGTH, *hidden, CLASSES), self.text("norm"))


@final
class Mnist1dCNN(Classification):
    """Three strided convolutions of ``width`` channels on the signals.

    The signals are images of height 1, which makes the same network as one-dimensional
    convolutions do, in the form that packs fastest.
    """

    entry = ProblemEntry(
        "mnist1d-cnn",
        "Three convolutions on the MNIST-1D signals of 40 points (4,000 train, 1,000 validation).",
        (width_parameter(25), norm_parameter()),
        cap=log(CLASSES),
        metrics=METRICS,
        train_size=TRAIN_SIZE,
        classes=CLASSES,
    )
    name: ClassVar[str] = entry.name

    def dataset(self) -> Dataset:
        """The signals ``[N, 1, 1, 40]``: 4,000 to train on, 1,000 to validate on."""
        return _dataset(1, 1, LENGTH)

    def module(self) -> nn.Sequential:
        """Convolutions of 5, 3 and 3 points and stride 2, then a linear layer."""
        from torch import nn

        from gofau.problems.blocks.layers import norm

        width, kind = self.integer("width"), self.text("norm")
        layers: list[nn.Module] = []
        for channels, points in ((1, 5), (width, 3), (width, 3)):
            bias = kind == "none"
            layers += [
                nn.Conv2d(channels, width, (1, points), (1, 2), (0, 1), bias=bias),
                *norm(kind, width),
                nn.ReLU(),
            ]
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(5 * width, CLASSES))
