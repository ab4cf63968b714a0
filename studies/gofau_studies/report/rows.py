"""The rules table: every number that a report gives for a rule, in print order."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from gofau_studies.landscape.landscape import Landscape
from gofau_studies.protocol.trial_facts import Way
from gofau_studies.report import robustness
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Row


def _metric(name: str) -> RobustnessMetric:
    found = getattr(import_module(f"{robustness.__name__}.{name}"), "METRIC", None)
    if not isinstance(found, RobustnessMetric):
        raise TypeError(
            f"{robustness.__name__}.{name}: METRIC: got {found!r}, expected a RobustnessMetric"
        )
    return found


def _rows() -> tuple[Row, ...]:
    """Of every file of `gofau_studies.report.robustness`."""
    names = sorted(module.name for module in iter_modules(robustness.__path__))
    metrics = sorted((_metric(name) for name in names), key=lambda metric: metric.place)
    rows = tuple(row for metric in metrics for row in metric.rows)
    doubled = {row.name for k, row in enumerate(rows) if row.name in {r.name for r in rows[:k]}}
    if doubled:
        raise ValueError(f"rows: got {sorted(doubled)} more than once, expected names of their own")
    return rows


ROWS: Final[tuple[Row, ...]] = _rows()
"""Rows of the rules table, in print order."""


def rows_of(landscape: Landscape) -> list[Row]:
    """The rows that a landscape has."""
    return [row for row in ROWS if row.applies(landscape)]


ACROSS_ROWS: Final[tuple[tuple[str, str, str, Way], ...]] = (
    (
        "hyperparameter_sensitivity",
        "Hyperparameter sensitivity",
        "score lost by one setting for all problems against the best of each (M6)",
        "lower",
    ),
    (
        "profile_score",
        "Performance profile score",
        "area under the share of problems within a factor 1 to 4 of the fastest rule (M7)",
        "higher",
    ),
    ("iqm", "IQM of scores", "mean of the middle half of all runs' scores (M8)", "higher"),
    (
        "probability_of_improvement",
        "Probability of improvement",
        "chance that a run beats a run of the baseline rule on a problem (M8)",
        "higher",
    ),
    ("optimality_gap", "Optimality gap", "mean shortfall of scores from 1 (M8)", "lower"),
)
"""Rows of the table over problems: name, title, what it is, which way is better."""

ROBUSTNESS: Final[dict[str, tuple[Way, str]]] = {
    **{row.name: (row.better, row.unit) for row in ROWS},
    **{name: (better, "") for name, _, _, better in ACROSS_ROWS},
}
"""Numbers of a rule, on one problem or over several: direction and unit, by name."""
