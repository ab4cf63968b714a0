"""Which way each reported number is better, and its unit: the one table of both.

Metrics that trials measure have theirs in `gofau.catalog.metrics`. ``GOAL`` stands for the goal
metric's own direction or unit, which `facts_of` puts in its place.
"""

from dataclasses import dataclass
from typing import Final

from gofau.catalog import SHARE
from gofau.catalog.metrics import better_side
from gofau_studies.protocol.trial_facts import FACTS, GOAL, Better, Way

DECADES: Final = "decades"
"""Unit of a basin's measure: decades along one axis, squared decades over two."""


@dataclass(frozen=True)
class Facts:
    """Of one number: ``better`` lower, higher or neither, and its unit, empty for none."""

    better: Better
    unit: str


def _facts(better: Way, unit: str, *names: str) -> dict[str, tuple[Way, str]]:
    return dict.fromkeys(names, (better, unit))


ROBUSTNESS: Final[dict[str, tuple[Way, str]]] = {
    **_facts("lower", SHARE, "divergence_rate", "frozen_fraction"),
    **_facts("higher", SHARE, "success_rate"),
    **_facts("goal", GOAL, "best", "best_held_out", "best_of_10"),
    **_facts("higher", DECADES, "basin_volume", "basin_least", "basin_most"),
    **_facts("higher", DECADES, "shared_basin_volume"),
    **_facts("higher", "decades of lr", "basin_width"),
    **_facts("lower", GOAL, "lr_sensitivity", "lr_sensitivity_window", "regret_3", "regret_10"),
    **_facts("lower", "steps", "time_to_target"),
    **_facts("neither", "decades of lr per decade of init", "ridge_slope"),
    **_facts("neither", SHARE, "variance_lr", "variance_init_scale"),
    **_facts("neither", SHARE, "variance_interaction", "variance_seed"),
    **_facts("lower", "", "hyperparameter_sensitivity", "optimality_gap"),
    **_facts("higher", "", "profile_score", "iqm", "probability_of_improvement"),
}
"""Numbers of a rule, on one problem or over several: direction and unit."""

RESULTS: Final[dict[str, tuple[Way, str]]] = {
    name: (fact.better, fact.unit) for name, fact in FACTS.items() if fact.better is not None
}
"""Numbers of a trial beside its metrics: direction and unit."""

OUTCOMES: Final[dict[str, tuple[Way, str]]] = {
    **_facts("lower", SHARE, "diverged"),
    **_facts("higher", SHARE, "reached"),
    **_facts("higher", SHARE, "done"),
}
"""Shares of a cell's trials: that diverged, that reached the target, that completed."""


def facts_of(
    found: tuple[Way, str], *, minimize: bool, metric_unit: str, both_axes: bool = True
) -> Facts:
    """Direction and unit of a row of these tables, for a goal.

    Args:
        found: the row.
        minimize: whether less of the goal metric is better.
        metric_unit: of the goal metric: its unit, or its name where it has none.
        both_axes: whether learning rate and init scale are swept, so that decades are squared.
    """
    better, unit = found
    own: Better = better_side(minimize)
    if unit == DECADES and both_axes:
        unit = "decades²"
    return Facts(own if better == "goal" else better, metric_unit if unit == GOAL else unit)
