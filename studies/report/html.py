"""The report as one self-contained HTML page: no script, no request, inline SVG figures."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from urllib.parse import quote

import numpy as np

from studies.figures.chart_view import chart_view
from studies.figures.map_view import FROZEN_SCALE, frozen_view, map_view, shared_scale
from studies.figures.svg_chart import line_chart
from studies.figures.svg_map import PATTERNS, colour_bar, heat_map
from studies.landscape import Landscape, LandscapeError
from studies.metrics.scalar import Scalar
from studies.report.markdown import describe, describe_across, facts
from studies.report.model import (
    ALL_PROBLEMS,
    AcrossReport,
    Comparison,
    Curve,
    CurveKind,
    GroupReport,
    RobustnessReport,
    Verdict,
    number_id,
)
from studies.report.rows import ACROSS_ROWS, ROWS
from studies.report.wording import interval, quantity

CAPTION = (
    "One colour scale for all rules; lighter is better. Dense hatching: at least half of the "
    "seeds diverged; thin hatching: some did. Blank: no result. White line: border of the basin "
    "(within the tolerance of the rule's own best). Dashed line: best learning rate at each init "
    "scale. Circle: best cell. Bands of curves: uncertainty over seeds; bands of steps: quartiles "
    "over seeds. Curves over the learning rate are at the standard init scale."
)


def render(report: RobustnessReport, landscapes: Sequence[Landscape]) -> str:
    """The page. ``landscapes`` are those that ``report`` was built from.

    Raises:
        LandscapeError: a rule of the report has no landscape.
    """
    title = escape(f"Robustness of {report.study.name}")
    style = files("studies.report").joinpath("style.css").read_text("utf-8")
    body = "".join(
        [
            f"<h1>{title}</h1>",
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


def anchor(number: str) -> str:
    """The fragment of a number's id, safe in an attribute and in a link alike."""
    return quote(number.replace("_", "__"), safe="").replace("%", "_")


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
        f"<section><h2>{escape(group.name)}</h2>"
        f'<p class="soft">{escape(describe(group))}</p>'
        f"{_maps(group, members)}{_frozen_maps(members)}"
        f"{_charts(group.curves, group.goal_metric)}"
        f"{_rules_table(group)}{_comparisons(group)}</section>"
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
    bar = colour_bar(scale, group.goal_metric, members[0].goal.sign)
    return f'<figure>{bar}<div class="maps">{maps}</div><figcaption>{CAPTION}</figcaption></figure>'


def _frozen_maps(members: list[Landscape]) -> str:
    """Maps of the frozen fraction, where any parameter of any rule is frozen."""
    seen = [m for m in members if m.frozen_fraction is not None]
    if not any(np.nansum(np.asarray(m.frozen_fraction)) > 0 for m in seen):
        return ""
    bar = colour_bar(FROZEN_SCALE, "frozen fraction of parameters", 1.0, "")
    maps = "".join(heat_map(frozen_view(m), FROZEN_SCALE) for m in seen)
    return f'<figure>{bar}<div class="maps">{maps}</div></figure>'


def _charts(curves: Sequence[Curve], metric: str) -> str:
    views = [chart_view(kind, curves, metric) for kind in CurveKind]
    drawn = "".join(line_chart(view) for view in views if view is not None)
    return f'<figure><div class="maps">{drawn}</div></figure>' if drawn else ""


def _rules_table(group: GroupReport) -> str:
    rows = [row for row in ROWS if any(row.name in r.scalars for r in group.rules)]
    body = "".join(
        _number_row(
            row.title,
            row.doc,
            [
                _cell(
                    number_id(group.problem, group.direction, rule.rule, row.name),
                    rule.scalars.get(row.name),
                )
                for rule in group.rules
            ],
        )
        for row in rows
    )
    results = "".join(
        f"<td>{rule.results} of {rule.trials}<small>{len(rule.seeds)} seeds</small></td>"
        for rule in group.rules
    )
    head = _head(["", *(rule.rule for rule in group.rules)])
    last = f'<tr><th scope="row">Trials with a result</th>{results}</tr>'
    return f"<h3>Rules</h3>{_table(head, body + last)}"


def _across(report: AcrossReport) -> str:
    body = "".join(
        _number_row(
            title,
            doc,
            [
                _cell(
                    number_id(ALL_PROBLEMS, report.direction, rule.rule, name),
                    rule.scalars.get(name),
                )
                for rule in report.rules
            ],
        )
        for name, title, doc in ACROSS_ROWS
        if any(name in rule.scalars for rule in report.rules)
    )
    head = _head(["", *(rule.rule for rule in report.rules)])
    return (
        f"<section><h2>All problems, {escape(report.direction)}</h2>"
        f'<p class="soft">{escape(describe_across(report))}</p>'
        f"{_table(head, body)}{_charts(report.profiles, '')}</section>"
    )


def _head(names: Sequence[str]) -> str:
    return "".join(f'<th scope="col">{escape(name)}</th>' for name in names)


def _table(head: str, body: str) -> str:
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _number_row(title: str, doc: str, cells: Sequence[str]) -> str:
    name = f'{escape(title)}<small class="why">{escape(doc)}</small>'
    return f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>'


def _cell(number: str, scalar: Scalar | None) -> str:
    if scalar is None:
        return "<td>–</td>"
    if scalar.value is None:
        said = f'–<small class="why">{escape(scalar.reason or "")}</small>'
    else:
        border = f' title="at {escape(", ".join(scalar.censored))}"' if scalar.censored else ""
        said = f"<span{border}>{escape(quantity(scalar))}</span><small>{interval(scalar)}</small>"
        if scalar.coverage < 1:
            said += f"<small>coverage {scalar.coverage:.1%}</small>"
    return f'<td id="{anchor(number)}">{said}</td>'


def _comparisons(group: GroupReport) -> str:
    if not group.comparisons:
        return ""
    head = _head(["Rules", "Metric", "Difference", "Interval", "p", "p, Holm", "Verdict"])
    body = "".join(_comparison(group, c) for c in group.comparisons)
    return f"<h3>Paired comparison</h3>{_table(head, body)}"


def _comparison(group: GroupReport, c: Comparison) -> str:
    pair = f"{c.rule} vs {c.baseline}"
    link = anchor(number_id(group.problem, group.direction, pair, c.metric))
    title = next(row.title for row in ROWS if row.name == c.metric)
    d = c.difference
    why = f'<small class="why">{escape(d.reason)}</small>' if d.reason else ""
    cells = (
        f"{escape(c.rule)} − {escape(c.baseline)}",
        title,
        f"{escape(quantity(d))}{why}",
        interval(d),
        "–" if c.p_value is None else f"{c.p_value:.2g}",
        "–" if c.p_holm is None else f"{c.p_holm:.2g}",
        f'<span class="{c.strength.name.lower()}">{c.strength.value}</span>',
    )
    return f'<tr id="{link}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _provenance(report: RobustnessReport) -> str:
    pairs = "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in facts(report))
    return f"<section><h2>Provenance</h2><dl>{pairs}</dl></section>"
