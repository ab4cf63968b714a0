"""Multilayer perceptrons on scikit-learn's handwritten digits."""

from functools import cache
from typing import ClassVar, final

import numpy as np
import torch
from torch import nn

from gofau.problems.base import Classification, Dataset
from gofau.problems.blocks.mlp import mlp

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

    name: ClassVar[str] = "digits-mlp"

    def dataset(self) -> Dataset:
        """The digits; see `digits`."""
        return digits()

    def module(self) -> nn.Sequential:
        """The MLP, 64 inputs and 10 outputs."""
        hidden = (self.integer("width"),) * self.integer("depth")
        return mlp((SIDE * SIDE, *hidden, CLASSES), self.text("norm"))
