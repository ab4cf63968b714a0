"""What a file of `gofau_studies.report.charts` holds: how its charts are made from a report."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gofau_studies.report.chart import Chart
from gofau_studies.report.model import AcrossReport, GroupReport


def _none(_: GroupReport | AcrossReport) -> tuple[Chart, ...]:
    return ()


@dataclass(frozen=True)
class ChartMaker:
    """Makes the charts of one kind; none where a report has no data for them.

    Args:
        place: charts are in the order of it, then of their names.
        of_group: from all rules of one problem and direction.
        of_problems: from one direction over several problems.
    """

    place: int
    of_group: Callable[[GroupReport], Iterable[Chart]] = _none
    of_problems: Callable[[AcrossReport], Iterable[Chart]] = _none
