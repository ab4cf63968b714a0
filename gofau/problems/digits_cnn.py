"""A small convolutional network on scikit-learn's handwritten digits."""

from __future__ import annotations

from functools import cache
from math import log
from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import ProblemEntry
from gofau.problems.base import Classification, Dataset
from gofau.problems.digits import CLASSES, SIDE, TRAIN_SIZE, digits
from gofau.problems.parameters import METRICS, norm_parameter, width_parameter

if TYPE_CHECKING:
    from torch import Tensor, nn


@cache
def _images() -> Dataset:
    flat = digits()

    def square(x: Tensor) -> Tensor:
        return x.view(-1, 1, SIDE, SIDE)

    return Dataset(square(flat.train_x), flat.train_y, square(flat.val_x), flat.val_y)


@final
class DigitsCNN(Classification):
    """Two 3x3 convolutions of ``width`` and twice as many channels, each pooled by 2."""

    entry = ProblemEntry(
        "digits-cnn",
        "Two convolutions on scikit-learn's 8x8 digits (1,437 train, 360 validation).",
        (width_parameter(16), norm_parameter()),
        cap=log(CLASSES),
        metrics=METRICS,
        train_size=TRAIN_SIZE,
        classes=CLASSES,
    )
    name: ClassVar[str] = entry.name

    def dataset(self) -> Dataset:
        """The digits as images ``[N, 1, 8, 8]``; see `gofau.problems.digits.digits`."""
        return _images()

    def module(self) -> nn.Sequential:
        """The network, from 8x8 pixels over 2x2 maps to 10 outputs."""
        from torch import nn

        from gofau.problems.blocks.layers import norm

        width, kind = self.integer("width"), self.text("norm")
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, width), (width, 2 * width)):
            layers += [
                nn.Conv2d(inputs, outputs, 3, padding=1, bias=kind == "none"),
                *norm(kind, outputs),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * width, CLASSES))
