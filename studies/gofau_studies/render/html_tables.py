"""Tables of the report's page."""

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from gofau_studies.metrics.facts import Facts
from gofau_studies.metrics.scalar import Scalar
from gofau_studies.render.overview import Overview, OverviewLine
from gofau_studies.render.plain_tables import Table
from gofau_studies.report.directions import facts_in
from gofau_studies.report.model import Comparison, GroupReport, RuleReport, number_id
from gofau_studies.report.rows import ROWS
from gofau_studies.report.verdicts import verdict
from gofau_studies.report.wording import interval, labelled, quantity, sense


def anchor(number: str) -> str:
    """The fragment of a number's id, safe in an attribute and in a link alike."""
    return quote(number.replace("_", "__"), safe="").replace("%", "_")


def rules_table(group: GroupReport) -> str:
    """Every number of every rule of a group."""
    rows = [row for row in ROWS if any(row.name in r.scalars for r in group.rules)]
    body = "".join(
        number_row(
            row.title,
            told(row.doc, facts_in(row.name, group)),
            [
                scalar_cell(
                    number_id(group.problem, group.direction, rule.rule, row.name),
                    rule.scalars.get(row.name),
                )
                for rule in group.rules
            ],
        )
        for row in rows
    )
    results = "".join(
        f"<td>{rule.results} of {rule.trials}<small>{seeds(rule)}</small></td>"
        for rule in group.rules
    )
    names = head(["", *(rule.rule for rule in group.rules)])
    last = f'<tr><th scope="row">Trials with a result</th>{results}</tr>'
    return f"<h3>Rules</h3>{table(names, body + last)}"


def told(doc: str, facts: Facts) -> str:
    """What a number is, which way it is better, and its unit."""
    return "; ".join(part for part in (doc, sense(facts.better, facts.unit)) if part)


def seeds(rule: RuleReport) -> str:
    """``10 seeds``, and how many of them are replicates where some are not."""
    ran = f"{len(rule.seeds)} seed{'s' if len(rule.seeds) > 1 else ''}"
    return f"{ran}, {rule.distinct} distinct" if rule.repeats else ran


def head(names: Sequence[str]) -> str:
    """The cells of a table's heading."""
    return "".join(f'<th scope="col">{escape(name)}</th>' for name in names)


def table(names: str, body: str) -> str:
    """A table from the cells of its heading and its lines."""
    return (
        f'<div class="scroll"><table><thead><tr>{names}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def number_row(title: str, doc: str, cells: Sequence[str]) -> str:
    """One line of numbers, with what they mean under their title."""
    name = f'{escape(title)}<small class="why">{escape(doc)}</small>'
    return f'<tr><th scope="row">{name}</th>{"".join(cells)}</tr>'


def scalar_cell(number: str, scalar: Scalar | None) -> str:
    """A number with its interval, or why there is none, at its anchor."""
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


def comparisons(group: GroupReport) -> str:
    """All paired comparisons of a group."""
    if not group.comparisons:
        return ""
    names = head(["Rules", "Metric", "Difference", "Interval", "p", "p, Holm", "Verdict"])
    body = "".join(_comparison(group, c) for c in group.comparisons)
    return f"<h3>Paired comparison</h3>{table(names, body)}"


def _comparison(group: GroupReport, c: Comparison) -> str:
    pair = f"{c.rule} vs {c.baseline}"
    link = anchor(number_id(group.problem, group.direction, pair, c.metric))
    title = labelled(next(row.title for row in ROWS if row.name == c.metric), c.difference.better)
    d = c.difference
    why = f'<small class="why">{escape(d.reason)}</small>' if d.reason else ""
    cells = (
        f"{escape(c.rule)} − {escape(c.baseline)}",
        title,
        f"{escape(quantity(d))}{why}",
        interval(d),
        "–" if c.p_value is None else f"{c.p_value:.2g}",
        "–" if c.p_holm is None else f"{c.p_holm:.2g}",
        f'<span class="{c.strength.name.lower()}">{verdict(c)}</span>',
    )
    return f'<tr id="{link}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def plain_table(title: str, doc: str, found: Table | None) -> str:
    """A table of plain texts under its title, or nothing."""
    if found is None:
        return ""
    names, lines = found
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in line) + "</tr>" for line in lines
    )
    said = f'<p class="soft">{escape(doc)}</p>'
    return f"<h3>{escape(title)}</h3>{said}{table(head(names), body)}"


def overview_table(found: Overview | None) -> str:
    """All groups, each linked to its section; or nothing."""
    if found is None:
        return ""
    body = "".join(_overview_line(line) for line in found.lines)
    if any(found.totals):
        body += f'<tr><th scope="row">Shown</th>{_cells(found.totals)}</tr>'
    said = f'<p class="soft">{escape(found.legend)}</p>'
    return f"<h2>Overview</h2>{said}{table(head(['', *found.rules]), body)}"


def _overview_line(line: OverviewLine) -> str:
    name = f'<a href="#{anchor(line.name)}">{escape(line.name)}</a>'
    return f'<tr><th scope="row">{name}</th>{_cells(line.cells)}</tr>'


def _cells(cells: Sequence[Sequence[str]]) -> str:
    return "".join(f"<td>{'<br>'.join(map(escape, cell)) or '–'}</td>" for cell in cells)
