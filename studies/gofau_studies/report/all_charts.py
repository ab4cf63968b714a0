"""The charts of a report, made by every file of `gofau_studies.report.charts`."""

from collections.abc import Iterable, Iterator
from functools import cache

from gofau.modules import held
from gofau_studies.report import charts
from gofau_studies.report.chart import Chart
from gofau_studies.report.chart_maker import ChartMaker
from gofau_studies.report.model import AcrossReport, GroupReport, RobustnessReport


@cache
def makers() -> dict[str, ChartMaker]:
    """By name, in the order of their charts.

    Raises:
        TypeError: a file has no `ChartMaker` named ``CHART``.
    """
    found = held(charts.__name__, "CHART", ChartMaker)
    return dict(sorted(found.items(), key=lambda one: (one[1].place, one[0])))


def charted(report: RobustnessReport) -> RobustnessReport:
    """The report with its charts, which one that an earlier build wrote does not hold."""
    groups = tuple(g if g.charts else with_charts(g) for g in report.groups)
    across = tuple(a if a.charts else with_charts_across(a) for a in report.across)
    return report.model_copy(update={"groups": groups, "across": across})


def with_charts(group: GroupReport) -> GroupReport:
    """The group with every chart of its numbers, instead of those that it has."""
    made = ((name, maker.of_group(group)) for name, maker in makers().items())
    return group.model_copy(update={"charts": tuple(_named(made))})


def with_charts_across(report: AcrossReport) -> AcrossReport:
    """The same over several problems."""
    made = ((name, maker.of_problems(report)) for name, maker in makers().items())
    return report.model_copy(update={"charts": tuple(_named(made))})


def _named(made: Iterable[tuple[str, Iterable[Chart]]]) -> Iterator[Chart]:
    for name, each in made:
        for chart in each:
            if chart.name != name:
                raise ValueError(f"chart: got name {chart.name!r}, expected its file's, {name!r}")
            yield chart
