"""Steps to the target over the learning rate at the standard init scale."""

from collections.abc import Iterable

from gofau_studies.report.chart import Chart
from gofau_studies.report.chart_maker import ChartMaker
from gofau_studies.report.model import CurveKind, GroupReport
from gofau_studies.report.rule_chart import rule_chart


def charts(group: GroupReport) -> Iterable[Chart]:
    """The median of every rule, with quartiles; broken where the target is never reached."""
    return rule_chart(
        group,
        CurveKind.STEPS,
        name="steps",
        title="steps to target over learning rate",
        x="learning rate",
        log_x=True,
        value=("steps to target", "steps"),
        notes=("At the standard init scale.", "Medians; bands: quartiles over seeds."),
    )


CHART = ChartMaker(place=30, of_group=charts)
