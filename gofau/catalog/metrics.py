"""The catalog's metrics: which way each is better, its unit, and what a diverged trial counts as.

Problems name these, or bring entries of their own. Nothing reads a direction, a unit or a bound
off a name. This module needs no torch, and nothing of the catalog that holds its entries.
"""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Final, Literal

from gofau.errors import GofauError, IncurableError

PROBLEM_CAP: Final = "cap"
"""The worst value of a metric on the loss's scale: the cap of the problem that measures it."""

SHARE: Final = "share"
"""The unit of a metric in [0, 1] that is printed in percent."""

Worst = float | Literal["cap"] | None


class MetricError(GofauError, IncurableError, ValueError):
    """A metric whose facts contradict each other, or that is declared in two ways."""


def better_side(minimize: bool) -> Literal["lower", "higher"]:
    """Which numbers are better, in a word, where less of them is and where it is not."""
    return "lower" if minimize else "higher"


@dataclass(frozen=True)
class MetricEntry:
    """What is known of a metric before anything has measured it.

    Args:
        name: as problems measure it and as a goal names it.
        doc: one sentence.
        minimize: whether less of it is better.
        unit: in words, ``share`` for a part of 1 that is printed in percent; empty for none.
        worst: the value that a diverged trial counts as, and the worst that any does: a finite
            number, ``PROBLEM_CAP`` for a loss, or ``None`` where none is known, so that a diverged
            trial counts as the worst value that a study measured.
        best: the best value that there can be; ``None`` where there is no such bound.

    Raises:
        MetricError: an empty name, a bound that isn't finite, bounds in the wrong order, or a
            problem's cap, which bounds losses from above, for a metric to be maximized.

    Example:
        >>> MetricEntry("val_f1", "F1 of the validation examples.", False, SHARE, 0.0, 1.0).better
        'higher'
    """

    name: str
    doc: str
    minimize: bool
    unit: str = ""
    worst: Worst = None
    best: float | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise MetricError("metric: got an empty name, expected one")
        for field in ("worst", "best"):
            value = getattr(self, field)
            if not (value is None or value == PROBLEM_CAP or isfinite(value)):
                raise MetricError(f"metric {self.name!r}: {field}: got {value}, expected a number")
        if self.worst == PROBLEM_CAP and not self.minimize:
            raise MetricError(
                f"metric {self.name!r}: worst: got a problem's cap, which bounds a loss from "
                "above, expected a number or None for a metric that is maximized"
            )
        low, high = self.range
        if not low < high:
            raise MetricError(
                f"metric {self.name!r}: got worst {self.worst} and best {self.best}, expected the "
                f"{self.better} one to be the best"
            )

    @property
    def better(self) -> Literal["lower", "higher"]:
        """``lower`` or ``higher``."""
        return better_side(self.minimize)

    @property
    def range(self) -> tuple[float, float]:
        """The least and the largest value that it can have; infinite where there is no bound."""
        worst = inf if not isinstance(self.worst, int | float) else float(self.worst)
        best = inf if self.best is None else self.best
        if self.minimize:
            return (-inf if self.best is None else best), worst
        return (-worst if worst == inf else worst), best

    def cap(self, problem_cap: float) -> float | None:
        """What a diverged trial counts as, ``None`` where none is known, by the problem's cap."""
        bound = problem_cap if self.worst == PROBLEM_CAP else self.worst
        return bound if isinstance(bound, int | float) and isfinite(bound) else None


METRICS: tuple[MetricEntry, ...] = (
    MetricEntry(
        "val_loss",
        "The problem's loss, its mean over the validation examples.",
        minimize=True,
        worst=PROBLEM_CAP,
    ),
    MetricEntry(
        "val_accuracy",
        "The share of the validation examples that are told right.",
        minimize=False,
        unit=SHARE,
        worst=0.0,
        best=1.0,
    ),
    MetricEntry(
        "train_loss",
        "The problem's loss, its mean over the batches of an epoch.",
        minimize=True,
        worst=PROBLEM_CAP,
    ),
)
"""The metrics that the catalog's own problems measure."""
