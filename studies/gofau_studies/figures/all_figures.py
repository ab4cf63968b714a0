"""Every print figure of a report, by name."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from gofau_studies.figures.map_view import FROZEN_SCALE, frozen_view, map_view, shared_scale
from gofau_studies.figures.names import COLUMN, FROZEN, HEATMAP, figure_names
from gofau_studies.figures.print_chart import line_chart
from gofau_studies.figures.print_map import heat_maps
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.report.all_charts import charted
from gofau_studies.report.chart import Chart
from gofau_studies.report.model import GroupReport, RobustnessReport


@dataclass(frozen=True, eq=False)
class Drawn:
    """A figure and the stem of its file's name."""

    stem: str
    kind: str
    figure: Figure


def drawn(
    report: RobustnessReport,
    landscapes: Sequence[Landscape],
    only: Collection[str] | None = None,
    width: float = COLUMN,
) -> Iterator[Drawn]:
    """The figures of a report, group by group, then those over problems.

    A figure that a study has no data for is left out: a profile of one problem, steps without a
    target, a map of frozen parameters where none is frozen.

    Args:
        report: built from ``landscapes``.
        landscapes: any that the report has no rule for are passed over.
        only: kinds wanted; all of `figure_names` by default.
        width: inches.
    """
    wanted, report = figure_names() if only is None else only, charted(report)
    for group in report.groups:
        members = [m for m in landscapes if m.key.group == (group.problem, group.direction)]
        yield from _maps(group, members, wanted, width)
        yield from _charts(group.name, group.charts, wanted, width)
    for over in report.across:
        yield from _charts(over.direction, over.charts, wanted, width)


def _maps(
    group: GroupReport,
    members: Sequence[Landscape],
    only: Collection[str],
    width: float,
) -> Iterator[Drawn]:
    rules = [rule.rule for rule in group.rules]
    shown = sorted(
        (m for m in members if m.key.rule in rules), key=lambda m: rules.index(m.key.rule)
    )
    if HEATMAP in only and shown:
        views = [map_view(m, group.tolerance) for m in shown]
        figure = heat_maps(views, shared_scale(shown), width, group.name)
        yield Drawn(stem(group.name, HEATMAP), HEATMAP, figure)
    frozen = [m for m in shown if m.frozen_fraction is not None]
    if FROZEN in only and any(np.nansum(np.asarray(m.frozen_fraction)) > 0 for m in frozen):
        figure = heat_maps([frozen_view(m) for m in frozen], FROZEN_SCALE, width, group.name)
        yield Drawn(stem(group.name, FROZEN), FROZEN, figure)


def _charts(
    group: str, charts: Sequence[Chart], only: Collection[str], width: float
) -> Iterator[Drawn]:
    for chart in charts:
        if chart.name in only:
            parts = filter(None, (group, chart.name, chart.part))
            yield Drawn(stem(*parts), chart.name, line_chart(chart, width))


def stem(*parts: str) -> str:
    """A file's name without its suffix: ``digits-mlp-sgd-heatmap``."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(parts)).strip("-.").lower()
