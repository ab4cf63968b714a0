"""Toys as problems: what lets studies and packs train them like networks."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from gofau.problems.base import Dataset, Problem
from gofau.problems.toys.suite import Loss, Toy


class ToyPoint(nn.Module):
    """A point as the one weight ``[1, d]`` of a module whose output is the loss there.

    The leading axis makes it a weight tensor, so that init scale multiplies the start.
    """

    def __init__(self, loss: Loss, start: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(start.unsqueeze(0))
        self._loss = loss

    def forward(self, x: Tensor) -> Tensor:
        """The loss, once for every row of ``x``, which is not read."""
        return self._loss(self.weight[0]).expand(x.shape[0])


class ToyProblem(Problem):
    """A toy without data: an epoch is one full-gradient step, and ``val_loss`` is f after it.

    ``train_loss`` of an epoch is f before its step. A trial starts at
    init_scale·(start + start_noise·z) with z standard normal, drawn from the trial's seed; with
    ``start_noise`` 0, the default, seeds of a trial repeat one another exactly.
    """

    toy: ClassVar[Toy]

    def dataset(self) -> Dataset:
        """One row of zeros, which stands for the whole data set."""
        row, target = torch.zeros(1, 1), torch.zeros(1)
        return Dataset(row, target, row, target)

    def module(self) -> ToyPoint:
        """The start as a module, with noise from torch's global generator."""
        start = torch.tensor(self.toy.start)
        noise = self.parameters["start_noise"]
        if noise:
            start = start + float(noise) * torch.randn(len(start))
        return ToyPoint(self.toy.loss, start)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """The module's output, which is the loss itself."""
        return output.mean()

    def measure(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """The loss as ``val_loss``."""
        return {"val_loss": output.mean()}


def problem_class(toy: Toy) -> type[ToyProblem]:
    """The problem that trains ``toy``, under the toy's name."""
    title = "".join(part.capitalize() for part in toy.name.split("-"))
    members = {"name": toy.name, "toy": toy, "__doc__": f"The toy {toy.name!r} as a problem."}
    return type(title, (ToyProblem,), members)
