"""What planners are told of each point: one value, the same however often it is asked for."""

from dataclasses import dataclass
from math import fsum

import numpy as np

from gofau_studies.landscape.counting import worst
from gofau_studies.protocol.wire import SearchArm, SearchCell, SearchHistory
from gofau_studies.spec.space import Point

DIGITS = 6
"""Digits of an observed value: what differs between packs in the last bits steers no search."""

Labels = tuple[str, str, str]


@dataclass(frozen=True)
class Observation:
    """A point, the mean of its seeds in the goal metric's unit, and its share of divergence.

    ``value`` is ``None`` where no seed gave a number.
    """

    point: Point
    round: int
    value: float | None
    diverged: float


def labels(arm: SearchArm) -> Labels:
    """What names an arm."""
    return arm.problem, arm.direction, arm.rule


def observations(history: SearchHistory) -> dict[Labels, list[Observation]]:
    """Points of every arm in the order in which they were asked for.

    A diverged seed counts as the problem's cap; where it has none, as the worst value that any
    arm of the problem has shown.
    """
    lowest = _worst(history)
    by_arm: dict[Labels, list[Observation]] = {labels(arm): [] for arm in history.arms}
    for cell in history.cells:
        arm = history.arms[cell.arm]
        by_arm[labels(arm)].append(
            _observation(cell, None if arm.cap is not None else lowest[arm.problem])
        )
    return by_arm


def bound(history: SearchHistory, problem: str) -> float | None:
    """What a diverged trial of a problem counts as; ``None`` before any trial gave a number."""
    capped = [arm.cap for arm in history.arms if arm.problem == problem and arm.cap is not None]
    return capped[0] if capped else _worst(history)[problem]


def _observation(cell: SearchCell, uncapped: float | None) -> Observation:
    values = list(cell.values)
    if uncapped is not None:
        values += [uncapped] * cell.diverged
    ended = max(len(values), cell.diverged)
    mean = float(f"{fsum(values) / len(values):.{DIGITS}g}") if values else None
    return Observation(cell.point, cell.round, mean, cell.diverged / ended if ended else 0.0)


def _worst(history: SearchHistory) -> dict[str, float | None]:
    minimize = bool(history.spec["goal"]["minimize"])
    seen: dict[str, list[float]] = {arm.problem: [] for arm in history.arms}
    for cell in history.cells:
        seen[history.arms[cell.arm].problem] += cell.values
    return {problem: worst(np.array(values), minimize) for problem, values in seen.items()}
