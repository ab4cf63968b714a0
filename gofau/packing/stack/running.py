"""Trials in flight: a stack of tensors and the record of each row."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from gofau.packing.stack.progress import Progress
from gofau.packing.stack.stack import Stack


@dataclass
class RunningTrials:
    """A stack and what has been measured of its trials, row by row."""

    stack: Stack
    progress: list[Progress]

    def __len__(self) -> int:
        return len(self.progress)

    def take(self, rows: Sequence[int]) -> "RunningTrials":
        """The trials at ``rows``."""
        return RunningTrials(self.stack.take(rows), [self.progress[i] for i in rows])

    def join(self, other: "RunningTrials") -> "RunningTrials":
        """These trials and then the other's."""
        return RunningTrials(self.stack.join(other.stack), self.progress + other.progress)

    def copy(self, device: torch.device) -> "RunningTrials":
        """The same trials in memory of their own on ``device``."""
        return RunningTrials(
            self.stack.to(device), [progress.copied() for progress in self.progress]
        )

    def split(self, most: int) -> list["RunningTrials"]:
        """The same trials in parts of at most ``most``."""
        rows = range(len(self))
        return [self.take(rows[i : i + most]) for i in range(0, len(self), most)]


def join_all(parts: Sequence[RunningTrials]) -> RunningTrials | None:
    """All trials in one stack, or ``None`` for no parts."""
    joined: RunningTrials | None = None
    for running in parts:
        joined = running if joined is None else joined.join(running)
    return joined
