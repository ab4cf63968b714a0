"""Learning curves of chosen cells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import GoalMetric
from gofau_studies.metrics.time_to_target import resampled_quantile
from gofau_studies.report.model import Curve, CurveKind
from gofau_studies.report.shown_cells import ShownCell

MOST_POINTS = 200
"""A longer curve is thinned to so many epochs, evenly, with its first and last."""


@dataclass(frozen=True)
class Training:
    """What one trial measured: the goal metric before training, then after every epoch.

    ``values`` ends where the trial did and holds ``None`` for numbers that were not finite.
    """

    values: Sequence[float | None]
    diverged: bool


def learning_curve(
    chosen: ShownCell, trainings: Sequence[Training], goal: GoalMetric, length: int
) -> Curve:
    """Median and quartiles over seeds of one cell.

    A seed that diverged counts as infinitely bad from its last finite value on, so that the median
    leaves the chart once half of the seeds have; one that ended otherwise drops out.

    Args:
        chosen: the cell.
        trainings: one a seed, at least one.
        goal: the metric measured.
        length: epochs of the longest curve of the group, plus one.
    """
    worst = np.inf * goal.sign
    values = np.stack([_full(one, length, worst) for one in trainings], axis=-1)
    at = np.unique(np.linspace(0, length - 1, min(length, MOST_POINTS)).round().astype(int))
    low, mid, high = _quartiles(goal.sign * values[at])
    if goal.sign < 0:
        low, high = high, low
    return Curve(
        kind=CurveKind.LEARNING,
        rule=chosen.key.rule,
        x=tuple(map(float, at)),
        value=_plain(goal.sign * mid),
        low=_plain(goal.sign * low),
        high=_plain(goal.sign * high),
        cell=chosen.cell,
    )


def learning_curves(
    trainings: Mapping[ShownCell, Sequence[Training]], goal: GoalMetric
) -> tuple[Curve, ...]:
    """The curves of one group, on one range of epochs; cells that measured nothing have none."""
    measured = {cell: [t for t in seen if t.values] for cell, seen in trainings.items()}
    length = max((len(t.values) for seen in measured.values() for t in seen), default=0)
    return tuple(
        learning_curve(cell, seen, goal, length) for cell, seen in measured.items() if seen
    )


def _full(training: Training, length: int, worst: float) -> Floats:
    values = np.full(length, worst if training.diverged else np.nan)
    known = [np.nan if v is None else v for v in training.values]
    values[: len(known)] = known
    if training.diverged:
        finite = np.flatnonzero(np.isfinite(known))
        values[(finite[-1] + 1 if finite.size else 0) :] = worst
    return values


def _quartiles(costs: Floats) -> tuple[Floats, Floats, Floats]:
    """``[T]`` each of ``costs[T, S]``."""
    once = np.ones((1, costs.shape[1]))
    low, mid, high = (resampled_quantile(costs, once, q)[0] for q in (0.25, 0.5, 0.75))
    return low, mid, high


def _plain(values: Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(v) else float(v) for v in values)
