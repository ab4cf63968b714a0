"""The report as one self-contained HTML page: no script, no request, inline SVG figures."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from urllib.parse import quote

from studies.figures.map_view import map_view, shared_scale
from studies.figures.svg_map import PATTERNS, colour_bar, heat_map
from studies.landscape import Landscape, LandscapeError
from studies.metrics.scalar import Scalar
from studies.report.markdown import describe, facts
from studies.report.model import (
    Comparison,
    GroupReport,
    RobustnessReport,
    RuleReport,
    Verdict,
    number_id,
)
from studies.report.rows import ROWS
from studies.report.wording import interval, quantity

CAPTION = (
    "One colour scale for all rules; lighter is better. Dense hatching: at least half of the "
    "seeds diverged; thin hatching: some did. Blank: no result. White line: border of the basin "
    "(within the tolerance of the rule's own best). Dashed line: best learning rate at each init "
    "scale. Circle: best cell."
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
    return quote(number, safe="").replace("%", "_")


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    items = "".join(
        f"<li><strong>{escape(v.subject)}</strong><ul>"
        + "".join(f'<li><a href="#{anchor(c.number)}">{escape(c.text)}</a></li>' for c in v.clauses)
        + "</ul></li>"
        for v in verdicts
    )
    return f'<ul class="verdicts">{items}</ul>'


def _group(group: GroupReport, landscapes: Sequence[Landscape]) -> str:
    return (
        f"<section><h2>{escape(group.name)}</h2>"
        f'<p class="soft">{escape(describe(group))}</p>'
        f"{_maps(group, _members(group, landscapes))}"
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


def _rules_table(group: GroupReport) -> str:
    rows = [row for row in ROWS if any(row.name in r.scalars for r in group.rules)]
    head = "".join(f'<th scope="col" title="{escape(row.doc)}">{row.title}</th>' for row in rows)
    body = "".join(_rule_row(group, rule, [row.name for row in rows]) for rule in group.rules)
    return (
        f'<h3>Rules</h3><div class="scroll"><table><thead><tr><th scope="col">Rule</th>{head}'
        f'<th scope="col">Results</th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def _rule_row(group: GroupReport, rule: RuleReport, metrics: Sequence[str]) -> str:
    cells = "".join(
        _cell(number_id(group.problem, group.direction, rule.rule, metric), rule.scalars[metric])
        for metric in metrics
    )
    results = f"{rule.results} of {rule.trials}<small>{len(rule.seeds)} seeds</small>"
    return f'<tr><th scope="row">{escape(rule.rule)}</th>{cells}<td>{results}</td></tr>'


def _cell(number: str, scalar: Scalar) -> str:
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
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("Rules", "Metric", "Difference", "Interval", "p", "p, Holm", "Verdict")
    )
    body = "".join(_comparison(group, c) for c in group.comparisons)
    return (
        '<h3>Paired comparison</h3><div class="scroll"><table><thead><tr>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


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
