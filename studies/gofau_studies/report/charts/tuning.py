"""The expected best of 1, 2, ... random settings (M5)."""

from collections.abc import Iterator

from gofau_studies.report.chart import Chart
from gofau_studies.report.chart_maker import ChartMaker
from gofau_studies.report.framing import axis, finite, series, value_axis
from gofau_studies.report.model import CurveKind, GroupReport
from gofau_studies.report.wording import labelled


def charts(group: GroupReport) -> Iterator[Chart]:
    """One line a rule, with its bootstrap band."""
    curves = group.curves_of(CurveKind.TUNING)
    ys = finite(curves)
    if not ys:
        return
    label = labelled(group.goal_metric, curves[0].better, group.goal_unit)
    y = value_axis(label, ys, group.goal_unit)
    yield Chart(
        name="tuning",
        title="best of n random settings",
        of=group.name,
        x=axis("random settings tried", [x for c in curves for x in c.x], counts=True),
        y=y,
        series=tuple(series(c, y, group.style(c.rule)) for c in curves),
        notes=("Bands: uncertainty over seeds.",),
    )


CHART = ChartMaker(place=20, of_group=charts)
