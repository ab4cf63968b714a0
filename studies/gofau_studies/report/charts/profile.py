"""Performance profiles over problems (M7)."""

from collections.abc import Iterator

from gofau_studies.report.chart import Chart
from gofau_studies.report.chart_maker import ChartMaker
from gofau_studies.report.framing import axis, finite, series
from gofau_studies.report.model import AcrossReport
from gofau_studies.report.wording import labelled


def charts(report: AcrossReport) -> Iterator[Chart]:
    """The share of problems on which each rule is within a factor of the fastest."""
    curves = report.profiles
    if not finite(curves):
        return
    shown = "share of problems"
    y = axis(labelled(shown, curves[0].better), (0.0, 1.0), unit=shown)
    rules = [rule.rule for rule in report.rules]
    yield Chart(
        name="profile",
        title="problems within a factor of the fastest",
        of=report.name,
        x=axis("factor of the fastest", [x for c in curves for x in c.x]),
        y=y,
        series=tuple(series(c, y, rules.index(c.rule)) for c in curves),
    )


CHART = ChartMaker(place=50, of_problems=charts)
