"""The goal metric over the learning rate at the standard init scale."""

from collections.abc import Iterator

from gofau_studies.report.chart import Chart
from gofau_studies.report.chart_maker import ChartMaker
from gofau_studies.report.framing import axis, finite, series, value_axis
from gofau_studies.report.model import CurveKind, GroupReport
from gofau_studies.report.wording import labelled


def charts(group: GroupReport) -> Iterator[Chart]:
    """One line a rule, with its bootstrap band."""
    curves = group.curves_of(CurveKind.GOAL)
    ys = finite(curves)
    if not ys:
        return
    label = labelled(group.goal_metric, curves[0].better, group.goal_unit)
    y = value_axis(label, ys, group.goal_unit)
    yield Chart(
        name="sensitivity",
        title=f"{group.goal_metric} over learning rate",
        of=group.name,
        x=axis("learning rate", [x for c in curves for x in c.x], log=True),
        y=y,
        series=tuple(series(c, y, group.style(c.rule)) for c in curves),
        notes=("At the standard init scale.", "Bands: uncertainty over seeds."),
    )


CHART = ChartMaker(place=10, of_group=charts)
