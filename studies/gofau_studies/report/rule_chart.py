"""The chart of one kind of curve, a line a rule."""

from collections.abc import Iterator

from gofau_studies.report.chart import Chart
from gofau_studies.report.framing import axis, finite, series, value_axis
from gofau_studies.report.model import CurveKind, GroupReport
from gofau_studies.report.wording import labelled


def rule_chart(
    group: GroupReport,
    kind: CurveKind,
    *,
    name: str,
    title: str,
    x: str,
    value: tuple[str, str],
    notes: tuple[str, ...],
    log_x: bool = False,
) -> Iterator[Chart]:
    """The chart, or none where the curves hold no finite point.

    Args:
        group: whose curves.
        kind: of the curves.
        name: of the chart's file.
        title: of the chart.
        x: what the curves run over; counted in whole numbers where it is not logarithmic.
        value: what they show, and its unit.
        notes: what lines and bands are.
        log_x: whether equal ratios of ``x`` get equal steps.
    """
    curves = group.curves_of(kind)
    ys = finite(curves)
    if not ys:
        return
    shown, unit = value
    y = value_axis(labelled(shown, curves[0].better, unit), ys, unit)
    yield Chart(
        name=name,
        title=title,
        of=group.name,
        x=axis(x, [at for c in curves for at in c.x], log=log_x, counts=not log_x),
        y=y,
        series=tuple(series(c, y, group.style(c.rule)) for c in curves),
        notes=notes,
    )
