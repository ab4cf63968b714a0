"""From results to what they add to a cell's and a study's aggregates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gofau_studies.landscape.counting import counted_trials

Delta = dict[str, Any]


@dataclass(frozen=True)
class Finished:
    """What aggregates need of a completed trial."""

    cell: int
    outcome: str
    value: float | None
    wall_s: float
    bound: float | None


def cell_deltas(finished: Iterable[Finished], minimize: bool) -> dict[int, Delta]:
    """Sums, counts and extremes to add to each cell."""
    trials = list(finished)
    values = counted_trials(
        [trial.value for trial in trials],
        [trial.outcome for trial in trials],
        [trial.bound for trial in trials],
        minimize,
    )
    deltas: dict[int, Delta] = {}
    for trial, value in zip(trials, values, strict=True):
        delta = deltas.setdefault(trial.cell, {"completed": 0, "wall_s": 0.0})
        delta["completed"] += 1
        delta["wall_s"] += trial.wall_s
        delta[trial.outcome] = delta.get(trial.outcome, 0) + 1
        _add_value(delta, float(value))
    return deltas


def _add_value(delta: Delta, value: float) -> None:
    if np.isnan(value):
        return
    delta["valued"] = delta.get("valued", 0) + 1
    delta["value_sum"] = delta.get("value_sum", 0.0) + value
    delta["value_sumsq"] = delta.get("value_sumsq", 0.0) + value * value
    delta["low"] = min(delta.get("low", value), value)
    delta["high"] = max(delta.get("high", value), value)


def tally(counts: Mapping[int, int], name: str) -> dict[int, Delta]:
    """Counts by cell as deltas of one aggregate."""
    return {cell: {name: count} for cell, count in counts.items()}
