"""Building blocks that several problems share: norms by name, and the layer that reads bytes."""

from collections.abc import Sequence
from math import gcd
from typing import final

import torch
from torch import Tensor, nn

GROUPS = 8
"""Group norms take this many groups, or the largest divisor of it that divides the channels."""


def norm(kind: str, channels: int, flat: bool = False) -> list[nn.Module]:
    """The normalisation after a layer of ``channels`` outputs: a list of one, or of none.

    Args:
        kind: ``none``, ``batch`` or ``group``.
        channels: of the layer before, >= 1.
        flat: whether the inputs are ``[B, channels]`` and not images.
    """
    if kind == "none":
        return []
    if kind == "group":
        return [nn.GroupNorm(gcd(GROUPS, channels), channels)]
    return [nn.BatchNorm1d(channels) if flat else nn.BatchNorm2d(channels)]


@final
class Pixels(nn.Module):
    """Bytes ``[B, C, H, W]`` as standardised numbers: (x/255 − mean)/std for each channel.

    Data sets of images stay bytes in memory, a quarter of their size in float32. The layer also
    takes K images with their channels behind one another, ``[B, K·C, H, W]``.

    Args:
        mean: of each channel over the training images, in [0, 1].
        std: likewise the standard deviation, > 0.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """The numbers, of the dtype of the module."""
        channels = len(self.mean)
        images = x.to(self.mean.dtype).view(*x.shape[:-3], -1, channels, *x.shape[-2:])
        return ((images / 255 - self.mean) / self.std).flatten(-4, -3)
