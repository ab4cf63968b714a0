"""The report as one self-contained HTML page: no script, no request, inline SVG figures."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

import numpy as np

from gofau.catalog import SHARE
from gofau_studies.figures.chart_view import chart_views
from gofau_studies.figures.map_view import FROZEN_SCALE, frozen_view, map_view, shared_scale
from gofau_studies.figures.svg_chart import line_chart
from gofau_studies.figures.svg_map import PATTERNS, colour_bar, heat_map
from gofau_studies.landscape.landscape import Landscape, LandscapeError
from gofau_studies.render import plain_tables
from gofau_studies.render.html_tables import (
    anchor,
    comparisons,
    head,
    number_row,
    overview_table,
    plain_table,
    rules_table,
    scalar_cell,
    table,
    told,
)
from gofau_studies.render.markdown import IMPORTANCES, describe, describe_across, facts
from gofau_studies.render.overview import overview
from gofau_studies.report.directions import facts_across
from gofau_studies.report.model import (
    ALL_PROBLEMS,
    AcrossReport,
    Curve,
    GroupReport,
    RobustnessReport,
    Verdict,
    number_id,
)
from gofau_studies.report.rows import ACROSS_ROWS

CAPTION = (
    "One colour scale for all rules; lighter is better. Dense hatching: at least half of the "
    "seeds diverged; thin hatching: some did. Blank: no result. White line: border of the basin "
    "(within the tolerance of the rule's own best). Dashed line: best learning rate at each init "
    "scale. Circle: best cell. Bands of curves: uncertainty over seeds; bands of steps: quartiles "
    "over seeds. Curves over the learning rate are at the standard init scale. Curves while "
    "training are medians with quartiles over seeds; one that leaves the chart belongs to a cell "
    "where half of the seeds diverged."
)


def render(report: RobustnessReport, landscapes: Sequence[Landscape]) -> str:
    """The page. ``landscapes`` are those that ``report`` was built from.

    Raises:
        LandscapeError: a rule of the report has no landscape.
    """
    title = escape(f"Robustness of {report.study.name}")
    style = files("gofau_studies.render").joinpath("style.css").read_text("utf-8")
    body = "".join(
        [
            f"<h1>{title}</h1>",
            overview_table(overview(report.groups)),
            _verdicts(report.verdicts),
            *(f'<p class="note">{escape(note)}</p>' for note in report.notes),
            *(_group(group, landscapes) for group in report.groups),
            *(_across(a) for a in report.across),
            _provenance(report),
        ]
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{style}</style></head>"
        f"<body>{PATTERNS}<main>{body}</main></body></html>\n"
    )


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    items = "".join(
        f"<li><strong>{escape(v.subject)}</strong><ul>"
        + "".join(f'<li><a href="#{anchor(c.number)}">{escape(c.text)}</a></li>' for c in v.clauses)
        + "</ul></li>"
        for v in verdicts
    )
    return f'<ul class="verdicts">{items}</ul>'


def _group(group: GroupReport, landscapes: Sequence[Landscape]) -> str:
    members = _members(group, landscapes)
    return (
        f'<section><h2 id="{anchor(group.name)}">{escape(group.name)}</h2>'
        f'<p class="soft">{escape(describe(group))}</p>'
        f"{_maps(group, members)}{_frozen_maps(members)}"
        f"{_charts(group.curves, group.goal_metric)}"
        f"{rules_table(group)}"
        f"{plain_table('Importance of the axes', IMPORTANCES, plain_tables.importances(group))}"
        f"{comparisons(group)}</section>"
    )


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


def _maps(group: GroupReport, members: list[Landscape]) -> str:
    scale = shared_scale(members)
    maps = "".join(heat_map(map_view(m, group.tolerance), scale) for m in members)
    goal = members[0].goal
    bar = colour_bar(scale, goal.metric, goal.sign, unit=goal.unit)
    return f'<figure>{bar}<div class="maps">{maps}</div><figcaption>{CAPTION}</figcaption></figure>'


def _frozen_maps(members: list[Landscape]) -> str:
    """Maps of the frozen fraction, where any parameter of any rule is frozen."""
    seen = [m for m in members if m.frozen_fraction is not None]
    if not any(np.nansum(np.asarray(m.frozen_fraction)) > 0 for m in seen):
        return ""
    bar = colour_bar(FROZEN_SCALE, "frozen fraction of parameters", 1.0, "", SHARE)
    maps = "".join(heat_map(frozen_view(m), FROZEN_SCALE) for m in seen)
    return f'<figure>{bar}<div class="maps">{maps}</div></figure>'


def _charts(curves: Sequence[Curve], metric: str) -> str:
    drawn = "".join(line_chart(view) for view in chart_views(curves, metric))
    return f'<figure><div class="maps">{drawn}</div></figure>' if drawn else ""


def _across(report: AcrossReport) -> str:
    body = "".join(
        number_row(
            title,
            told(doc, facts_across(name)),
            [
                scalar_cell(
                    number_id(ALL_PROBLEMS, report.direction, rule.rule, name),
                    rule.scalars.get(name),
                )
                for rule in report.rules
            ],
        )
        for name, title, doc in ACROSS_ROWS
        if any(name in rule.scalars for rule in report.rules)
    )
    names = head(["", *(rule.rule for rule in report.rules)])
    return (
        f"<section><h2>All problems, {escape(report.direction)}</h2>"
        f'<p class="soft">{escape(describe_across(report))}</p>'
        f"{table(names, body)}{_charts(report.profiles, '')}</section>"
    )


def _provenance(report: RobustnessReport) -> str:
    pairs = "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in facts(report))
    return f"<section><h2>Provenance</h2><dl>{pairs}</dl></section>"
