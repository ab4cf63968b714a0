"""The report as one self-contained HTML page: no script, no request, inline SVG figures.

Templates print it with autoescape on; what they are given as markup is drawn here and escapes the
texts in it itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gofau.catalog import SHARE
from gofau_studies.figures.colour import ColourScale
from gofau_studies.figures.map_view import (
    FROZEN_SCALE,
    MapView,
    frozen_view,
    map_view,
    shared_scale,
)
from gofau_studies.figures.svg_chart import line_chart, sample
from gofau_studies.figures.svg_map import PATTERNS, colour_bar, heat_map
from gofau_studies.landscape.landscape import Landscape, LandscapeError
from gofau_studies.render import html_tables, plain_tables
from gofau_studies.render.markdown import IMPORTANCES, describe, describe_across, facts
from gofau_studies.render.overview import overview
from gofau_studies.report.all_charts import charted
from gofau_studies.report.chart import Chart, Series
from gofau_studies.report.model import GroupReport, RobustnessReport
from gofau_studies.report.verdicts import verdict
from gofau_studies.report.wording import interval, quantity

CAPTION = (
    "One colour scale for all rules; lighter is better. Dense hatching: at least half of the "
    "seeds diverged; thin hatching: some did. Blank: no result. White line: border of the basin "
    "(within the tolerance of the rule's own best). Dashed line: best learning rate at each init "
    "scale. Circle: best cell."
)

FILTERS = (
    *(html_tables.anchor, html_tables.rules_lines, html_tables.across_lines, html_tables.seeds),
    *(html_tables.comparison_id, html_tables.comparison_title, html_tables.p_value),
    *(describe, describe_across, facts, interval, quantity, verdict, plain_tables.importances),
)
"""What templates call by its name."""


@dataclass(frozen=True)
class Maps:
    """Maps on one scale, drawn, and the scale's bar."""

    bar: Markup
    maps: tuple[Markup, ...]


@dataclass(frozen=True)
class Group:
    """A group and its drawings; ``frozen`` is ``None`` where no parameter of any rule is."""

    report: GroupReport
    maps: Maps
    frozen: Maps | None


def render(report: RobustnessReport, landscapes: Sequence[Landscape]) -> str:
    """The page. ``landscapes`` are those that ``report`` was built from.

    Raises:
        LandscapeError: a rule of the report has no landscape.
    """
    page, report = environment().get_template("page.html"), charted(report)
    return page.render(
        title=f"Robustness of {report.study.name}",
        style=Markup(files("gofau_studies.render").joinpath("style.css").read_text("utf-8")),
        patterns=Markup(PATTERNS),
        caption=CAPTION,
        importances=IMPORTANCES,
        report=report,
        overview=overview(report.groups),
        groups=[_group(group, landscapes) for group in report.groups],
    )


@cache
def environment() -> Environment:
    """The templates: everything that is not markup already is escaped, an unknown name is loud."""
    made = Environment(
        loader=PackageLoader("gofau_studies.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {each.__name__: each for each in FILTERS}
    made.filters |= {"drawn": _drawn, "sample": _sample}
    return made


def _group(group: GroupReport, landscapes: Sequence[Landscape]) -> Group:
    members = _members(group, landscapes)
    return Group(group, _maps(group, members), _frozen(members))


def _members(group: GroupReport, landscapes: Sequence[Landscape]) -> list[Landscape]:
    by_rule = {
        m.key.rule: m
        for m in landscapes
        if (m.key.problem, m.key.direction) == (group.problem, group.direction)
    }
    absent = [rule.rule for rule in group.rules if rule.rule not in by_rule]
    if absent:
        raise LandscapeError(f"landscapes of {group.name}", f"none for {absent}", "every rule's")
    return [by_rule[rule.rule] for rule in group.rules]


def _maps(group: GroupReport, members: list[Landscape]) -> Maps:
    scale, goal = shared_scale(members), members[0].goal
    bar = colour_bar(scale, goal.metric, goal.sign, unit=goal.unit)
    return _on_one_scale(bar, [map_view(m, group.tolerance) for m in members], scale)


def _frozen(members: list[Landscape]) -> Maps | None:
    seen = [m for m in members if m.frozen_fraction is not None]
    if not any(np.nansum(np.asarray(m.frozen_fraction)) > 0 for m in seen):
        return None
    bar = colour_bar(FROZEN_SCALE, "frozen fraction of parameters", 1.0, "", SHARE)
    return _on_one_scale(bar, [frozen_view(m) for m in seen], FROZEN_SCALE)


def _on_one_scale(bar: str, views: Sequence[MapView], scale: ColourScale) -> Maps:
    return Maps(Markup(bar), tuple(Markup(heat_map(view, scale)) for view in views))


def _drawn(chart: Chart) -> Markup:
    return Markup(line_chart(chart))


def _sample(one: Series) -> Markup:
    return Markup(sample(one))
