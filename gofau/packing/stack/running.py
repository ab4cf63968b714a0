"""Trials in flight: a stack of tensors and the record of each row."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gofau.packing.stack.progress import Progress
from gofau.packing.stack.stack import Stack


@dataclass
class Lane:
    """A stack and what has been measured of its trials, row by row."""

    stack: Stack
    progress: list[Progress]

    def __len__(self) -> int:
        return len(self.progress)

    def take(self, rows: Sequence[int]) -> "Lane":
        """The trials at ``rows``."""
        return Lane(self.stack.take(rows), [self.progress[i] for i in rows])

    def join(self, other: "Lane") -> "Lane":
        """These trials and then the other's."""
        return Lane(self.stack.join(other.stack), self.progress + other.progress)

    def copy(self, device: torch.device) -> "Lane":
        """The same trials in memory of their own on ``device``."""
        return Lane(self.stack.to(device), [progress.copied() for progress in self.progress])

    def split(self, most: int) -> list["Lane"]:
        """The same trials in lanes of at most ``most``."""
        rows = range(len(self))
        return [self.take(rows[i : i + most]) for i in range(0, len(self), most)]


def join_all(lanes: Sequence[Lane]) -> Lane | None:
    """All trials in one lane, or ``None`` for no lanes."""
    joined: Lane | None = None
    for lane in lanes:
        joined = lane if joined is None else joined.join(lane)
    return joined
