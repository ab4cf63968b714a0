"""The goal metric over the learning rate at the standard init scale."""

from collections.abc import Iterable

from gofau_studies.report.chart import Chart
from gofau_studies.report.chart_maker import ChartMaker
from gofau_studies.report.model import CurveKind, GroupReport
from gofau_studies.report.rule_chart import rule_chart


def charts(group: GroupReport) -> Iterable[Chart]:
    """One line a rule, with its bootstrap band."""
    return rule_chart(
        group,
        CurveKind.GOAL,
        name="sensitivity",
        title=f"{group.goal_metric} over learning rate",
        x="learning rate",
        log_x=True,
        value=(group.goal_metric, group.goal_unit),
        notes=("At the standard init scale.", "Bands: uncertainty over seeds."),
    )


CHART = ChartMaker(place=10, of_group=charts)
