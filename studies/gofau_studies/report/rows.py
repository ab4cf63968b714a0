"""The rules table: every number that a report gives for a rule, in print order."""

from typing import Final

from gofau.modules import held, repeated
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.protocol.trial_facts import Way
from gofau_studies.report import robustness
from gofau_studies.report.robustness_metric import RobustnessMetric
from gofau_studies.report.row import Row


def _rows() -> tuple[Row, ...]:
    """Of every file of `gofau_studies.report.robustness`."""
    found = held(robustness.__name__, "METRIC", RobustnessMetric).values()
    metrics = sorted(found, key=lambda metric: metric.place)
    rows = tuple(row for metric in metrics for row in metric.rows)
    if doubled := repeated(row.name for row in rows):
        raise ValueError(f"rows: got {doubled} more than once, expected names of their own")
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
