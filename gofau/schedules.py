"""Schedules of γ, the hybrid rule's share of the multiplicative term."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import final

import torch

from gofau.catalog import CatalogError


class GammaSchedule(ABC):
    """γ as a function of the epoch; the same epoch always gives the same value."""

    @abstractmethod
    def value(self, epoch: int) -> float:
        """γ in [0, 1] during the epoch, which counts from 0."""


def _check_unit(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise CatalogError(name, value, "a finite number in [0, 1]")


def _check_patience(patience: int) -> None:
    if patience < 0:
        raise CatalogError("patience", patience, "an integer >= 0")


@final
@dataclass(frozen=True)
class Constant(GammaSchedule):
    """γ(epoch) = γ₀."""

    gamma: float

    def __post_init__(self) -> None:
        _check_unit("gamma", self.gamma)

    def value(self, epoch: int) -> float:
        """γ₀."""
        return self.gamma


@final
@dataclass(frozen=True)
class Exponential(GammaSchedule):
    """γ = 1 before the patience epoch, then γ₀^k in the k-th epoch from there on (k = 1, 2, ...).

    Training starts multiplicative and turns additive.
    """

    gamma: float
    patience: int = 0

    def __post_init__(self) -> None:
        _check_unit("gamma", self.gamma)
        _check_patience(self.patience)

    def value(self, epoch: int) -> float:
        """1, then powers of γ₀."""
        return 1.0 if epoch < self.patience else self.gamma ** (epoch - self.patience + 1)


@final
@dataclass(frozen=True)
class Inverse(GammaSchedule):
    """γ = 0 before the patience epoch, then 1 − (1 − γ₀)^k in the k-th epoch from there on.

    Training starts additive and turns multiplicative.
    """

    gamma: float
    patience: int = 0

    def __post_init__(self) -> None:
        _check_unit("gamma", self.gamma)
        _check_patience(self.patience)

    def value(self, epoch: int) -> float:
        """0, then rising to 1."""
        return (
            0.0
            if epoch < self.patience
            else 1.0 - (1.0 - self.gamma) ** (epoch - self.patience + 1)
        )


@final
@dataclass(frozen=True)
class Random(GammaSchedule):
    """γ is 0 or 1 with equal chance, drawn once an epoch from the given generator."""

    generator: torch.Generator
    draws: list[float] = field(default_factory=list)

    def value(self, epoch: int) -> float:
        """The epoch's draw; earlier epochs are drawn first, and kept."""
        while len(self.draws) <= epoch:
            self.draws.append(float(torch.randint(2, (), generator=self.generator)))
        return self.draws[epoch]
