"""What stands in the tables of the report's page, for its templates to print."""

from dataclasses import dataclass
from urllib.parse import quote

from gofau_studies.metrics.facts import Facts
from gofau_studies.metrics.scalar import Scalar
from gofau_studies.report.directions import facts_across, facts_in
from gofau_studies.report.model import (
    ALL_PROBLEMS,
    AcrossReport,
    Comparison,
    GroupReport,
    RuleReport,
    number_id,
)
from gofau_studies.report.rows import ACROSS_ROWS, ROWS
from gofau_studies.report.wording import labelled, sense


@dataclass(frozen=True)
class NumberLine:
    """One number of every rule: title, meaning, and of each rule its id and the number."""

    title: str
    doc: str
    cells: tuple[tuple[str, Scalar | None], ...]


def anchor(number: str) -> str:
    """The fragment of a number's id, safe in an attribute and in a link alike."""
    return quote(number.replace("_", "__"), safe="").replace("%", "_")


def rules_lines(group: GroupReport) -> list[NumberLine]:
    """Every number of every rule of a group."""
    return [
        NumberLine(
            row.title,
            told(row.doc, facts_in(row.name, group)),
            tuple(
                (
                    number_id(group.problem, group.direction, rule.rule, row.name),
                    rule.scalars.get(row.name),
                )
                for rule in group.rules
            ),
        )
        for row in ROWS
        if any(row.name in rule.scalars for rule in group.rules)
    ]


def across_lines(report: AcrossReport) -> list[NumberLine]:
    """Every number of every rule over several problems."""
    return [
        NumberLine(
            title,
            told(doc, facts_across(name)),
            tuple(
                (
                    number_id(ALL_PROBLEMS, report.direction, rule.rule, name),
                    rule.scalars.get(name),
                )
                for rule in report.rules
            ),
        )
        for name, title, doc, _ in ACROSS_ROWS
        if any(name in rule.scalars for rule in report.rules)
    ]


def told(doc: str, facts: Facts) -> str:
    """What a number is, which way it is better, and its unit."""
    return "; ".join(part for part in (doc, sense(facts.better, facts.unit)) if part)


def seeds(rule: RuleReport) -> str:
    """``10 seeds``, and how many of them are replicates where some are not."""
    ran = f"{len(rule.seeds)} seed{'s' if len(rule.seeds) > 1 else ''}"
    return f"{ran}, {rule.distinct} distinct" if rule.repeats else ran


def comparison_id(c: Comparison, group: GroupReport) -> str:
    """The id of a paired difference."""
    return number_id(group.problem, group.direction, f"{c.rule} vs {c.baseline}", c.metric)


def comparison_title(c: Comparison) -> str:
    """``Best (lower is better)``."""
    return labelled(next(row.title for row in ROWS if row.name == c.metric), c.difference.better)


def p_value(p: float | None) -> str:
    """Two digits, or a dash."""
    return "–" if p is None else f"{p:.2g}"
