"""The expected best of 1, 2, ... random settings (M5)."""

from collections.abc import Iterable

from gofau_studies.report.chart import Chart
from gofau_studies.report.chart_maker import ChartMaker
from gofau_studies.report.model import CurveKind, GroupReport
from gofau_studies.report.rule_chart import rule_chart


def charts(group: GroupReport) -> Iterable[Chart]:
    """One line a rule, with its bootstrap band."""
    return rule_chart(
        group,
        CurveKind.TUNING,
        name="tuning",
        title="best of n random settings",
        x="random settings tried",
        value=(group.goal_metric, group.goal_unit),
        notes=("Bands: uncertainty over seeds.",),
    )


CHART = ChartMaker(place=20, of_group=charts)
