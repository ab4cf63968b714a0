"""The goal metric while training, at chosen cells: a chart a rule, on common axes."""

from collections.abc import Iterator, Sequence
from math import isfinite

from gofau_studies.report.chart import Chart
from gofau_studies.report.chart_maker import ChartMaker
from gofau_studies.report.framing import axis, finite, leaving_series, value_axis
from gofau_studies.report.model import CellRole, Curve, CurveKind, GroupReport
from gofau_studies.report.wording import labelled

ROLES = list(CellRole)
"""A role has the same colour in every chart."""


def charts(group: GroupReport) -> Iterator[Chart]:
    """Medians of a rule's chosen cells, with quartiles, up to where they leave the chart."""
    curves = group.curves_of(CurveKind.LEARNING)
    ys = _within(curves)
    if not ys:
        return
    label = labelled(group.goal_metric, curves[0].better, group.goal_unit)
    x = axis("epoch", [x for c in curves for x in c.x], counts=True)
    y = value_axis(label, ys, group.goal_unit)
    for rule in dict.fromkeys(c.rule for c in curves):
        yield Chart(
            name="learning",
            part=rule,
            title=f"{group.goal_metric} while training, {rule}",
            of=group.name,
            x=x,
            y=y,
            series=tuple(leaving_series(c, y, _style(c)) for c in curves if c.rule == rule),
            notes=(
                "Medians with quartiles over seeds.",
                "One that leaves the chart belongs to a cell where half of the seeds diverged.",
            ),
        )


def _style(curve: Curve) -> int:
    return ROLES.index(curve.cell.role) if curve.cell else 0


def _within(curves: Sequence[Curve]) -> list[float]:
    """What the chart holds: not what only curves of diverged cells reach, which leave it."""
    alive = finite(c for c in curves if c.cell and c.cell.role is not CellRole.DIVERGED)
    if not alive:
        return finite(curves)
    starts = [v for c in curves for v in c.value[:1] if v is not None and isfinite(v)]
    return [*alive, *starts]


CHART = ChartMaker(place=40, of_group=charts)
