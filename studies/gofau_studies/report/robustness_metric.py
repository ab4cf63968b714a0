"""What a file of `gofau_studies.report.robustness` holds: the rows that it adds to a report."""

from dataclasses import dataclass

from gofau_studies.report.row import Row


@dataclass(frozen=True)
class RobustnessMetric:
    """Rows of the rules table.

    Args:
        place: rows are in the order of it, then of their files' names.
        rows: in print order.
    """

    place: int
    rows: tuple[Row, ...]
