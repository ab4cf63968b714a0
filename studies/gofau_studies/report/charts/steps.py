"""Steps to the target over the learning rate at the standard init scale."""

from collections.abc import Iterator

from gofau_studies.report.chart import Chart
from gofau_studies.report.chart_maker import ChartMaker
from gofau_studies.report.framing import axis, finite, series, value_axis
from gofau_studies.report.model import CurveKind, GroupReport
from gofau_studies.report.wording import labelled


def charts(group: GroupReport) -> Iterator[Chart]:
    """The median of every rule, with quartiles; broken where the target is never reached."""
    curves = group.curves_of(CurveKind.STEPS)
    ys = finite(curves)
    if not ys:
        return
    y = value_axis(labelled("steps to target", curves[0].better), ys, "steps")
    yield Chart(
        name="steps",
        title="steps to target over learning rate",
        of=group.name,
        x=axis("learning rate", [x for c in curves for x in c.x], log=True),
        y=y,
        series=tuple(series(c, y, group.style(c.rule)) for c in curves),
        notes=("At the standard init scale.", "Medians; bands: quartiles over seeds."),
    )


CHART = ChartMaker(place=30, of_group=charts)
