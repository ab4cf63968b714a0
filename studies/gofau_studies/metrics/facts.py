"""Which way the numbers of trials and cells are better, and their units.

Metrics that trials measure have theirs in `gofau.catalog.metrics`, those of a rule in its row
(`gofau_studies.report.robustness`). ``GOAL`` stands for the goal
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
