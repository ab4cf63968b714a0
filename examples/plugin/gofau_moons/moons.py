"""Two interleaved half circles."""

from typing import ClassVar, final

import torch
from torch import Tensor, nn

from gofau.problems import Classification, Dataset

TRAIN, VALIDATION = 200, 100


@final
class MoonsMLP(Classification):
    """One hidden layer of ``width`` ReLU units on points of two half circles."""

    name: ClassVar[str] = "moons-mlp"

    def dataset(self) -> Dataset:
        """The same 300 points on every call: the split belongs to the problem, not to a seed."""
        generator = torch.Generator().manual_seed(0)
        x, y = _points(TRAIN + VALIDATION, float(self.parameters["noise"]), generator)
        return Dataset(x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:])

    def module(self) -> nn.Sequential:
        """The network; its draws come from torch's global generator, which the trial seeds."""
        width = self.integer("width")
        return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 2))


def _points(size: int, noise: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    y = torch.arange(size) % 2
    angle = torch.rand(size, generator=generator) * torch.pi
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    x = torch.where(y.unsqueeze(1) == 0, upper, lower)
    return x + noise * torch.randn(size, 2, generator=generator), y
