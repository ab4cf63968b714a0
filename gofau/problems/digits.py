"""Multilayer perceptrons on scikit-learn's handwritten digits."""

from __future__ import annotations

from functools import cache
from math import log
from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import ProblemEntry
from gofau.problems.base import Classification, Dataset
from gofau.problems.parameters import DEPTH, METRICS, norm_parameter, width_parameter

if TYPE_CHECKING:
    from torch import nn

SIDE = 8
CLASSES = 10
TRAIN_SIZE = 1437


@cache
def digits() -> Dataset:
    """The 1,797 digits as rows of 64 pixels: 1,437 to train on, 360 to validate on.

    The split is one fixed shuffle. Pixels are standardized by the mean and the standard deviation
    of all training pixels together, as is usual for one-channel images.

    Raises:
        ModuleNotFoundError: scikit-learn, which ships the images, is not installed.

    Source: Alpaydin, Kaynak, Optical Recognition of Handwritten Digits, UCI repository (1998).
    """
    import numpy as np
    import torch

    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the digits problems read their images from scikit-learn, which is not installed; "
            "install it with: pip install 'gofau[workers]'"
        ) from error
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(labels))
    x = torch.from_numpy(pixels[order])
    y = torch.from_numpy(labels[order]).long()
    train = x[:TRAIN_SIZE]
    x = ((x - train.mean()) / train.std()).float()
    return Dataset(x[:TRAIN_SIZE], y[:TRAIN_SIZE], x[TRAIN_SIZE:], y[TRAIN_SIZE:])


@final
class DigitsMLP(Classification):
    """A ReLU MLP of ``depth`` hidden layers of ``width`` units on the digits."""

    entry = ProblemEntry(
        "digits-mlp",
        "A ReLU MLP on scikit-learn's 1,797 8x8 digit images (1,437 train, 360 validation).",
        (width_parameter(64, "units of each hidden layer"), DEPTH, norm_parameter()),
        cap=log(CLASSES),
        metrics=METRICS,
        train_size=TRAIN_SIZE,
        classes=CLASSES,
    )
    name: ClassVar[str] = entry.name

    def dataset(self) -> Dataset:
        """The digits; see `digits`."""
        return digits()

    def module(self) -> nn.Sequential:
        """The MLP, 64 inputs and 10 outputs."""
        from gofau.problems.blocks.mlp import mlp

        hidden = (self.integer("width"),) * self.integer("depth")
        return mlp((SIDE * SIDE, *hidden, CLASSES), self.text("norm"))
