"""Labelled images as arrays, the form in which loaders hand data sets on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Images:
    """Training and validation images with their classes.

    Args:
        train_x: ``[N, channels, height, width]``, bytes from 0 to 255.
        train_y: class indices ``[N]``.
        val_x: as ``train_x``.
        val_y: as ``train_y``.
    """

    train_x: NDArray[np.uint8]
    train_y: NDArray[np.int64]
    val_x: NDArray[np.uint8]
    val_y: NDArray[np.int64]
