"""Schedules of γ that differ from trial to trial inside a pack."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from gofau.packing.plan.errors import PlanError
from gofau.schedules import Constant, Exponential, GammaSchedule, Inverse, Random

GammaKind = Literal["constant", "exponential", "inverse", "random"]

Stream = Callable[[int], torch.Generator]
"""The trial's own generator of an epoch's draw."""


@dataclass(frozen=True)
class Gamma:
    """How the hybrid rule's γ changes from epoch to epoch; see `gofau.schedules`.

    The trial's ``gamma`` is the γ₀ of ``constant``, ``exponential`` and ``inverse``. ``random``
    takes 0 or 1, drawn from the stream of the trial's seed and the epoch.

    Args:
        kind: constant, exponential, inverse or random.
        patience: epochs before an exponential or an inverse schedule starts, >= 0.
    """

    kind: GammaKind = "constant"
    patience: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(GammaKind):
            expected = "constant, exponential, inverse or random"
            raise PlanError("gamma.kind", self.kind, expected)
        if self.patience < 0:
            raise PlanError("gamma.patience", self.patience, ">= 0")

    @property
    def is_constant(self) -> bool:
        """Whether γ stays what it is."""
        return self.kind == "constant"

    def value(self, start: float, epoch: int, stream: Stream) -> float:
        """γ during ``epoch`` (from 0) of a trial whose γ₀ is ``start``."""
        if self.kind == "random":
            return Random(stream(epoch)).value(0)
        return self._schedule(start).value(epoch)

    def _schedule(self, start: float) -> GammaSchedule:
        if self.kind == "exponential":
            return Exponential(start, self.patience)
        if self.kind == "inverse":
            return Inverse(start, self.patience)
        return Constant(start)
