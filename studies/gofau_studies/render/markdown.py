"""The report as Markdown: verdicts, rules tables and comparisons as GitHub renders them."""

import re
from collections.abc import Iterable, Sequence

from gofau.catalog.metrics import better_side
from gofau_studies.metrics.facts import Facts
from gofau_studies.metrics.scalar import Scalar
from gofau_studies.render import plain_tables
from gofau_studies.render.overview import overview
from gofau_studies.render.plain_tables import Table
from gofau_studies.report.directions import facts_across, facts_in
from gofau_studies.report.model import AcrossReport, GroupReport, RobustnessReport
from gofau_studies.report.provenance import lines
from gofau_studies.report.rows import ACROSS_ROWS, ROWS
from gofau_studies.report.verdicts import sentences, verdict
from gofau_studies.report.wording import interval, labelled, number, quantity, sense, setting

IMPORTANCES = (
    "How much each axis matters: its main effect on the loss over the grid (M9, exact, with "
    "interactions and seeds left over) beside two estimates, whose shares sum to 1. "
    "PED-ANOVA asks where the best tenth of the points lies; fANOVA splits what a random forest "
    "explains."
)


LEARNING = (
    "Medians over seeds at chosen cells: the best, the largest learning rate that is still in the "
    "basin at the best cell's init scale, and the nearest cell where half of the seeds diverged."
)


def render(report: RobustnessReport) -> str:
    """The report as one Markdown document; text from users is escaped."""
    parts = [
        f"# Robustness of {_text(report.study.name)}",
        *_overview(report.groups),
        _bullets(_text(text) for text in sentences(report.verdicts)),
        _bullets(f"*Note:* {_text(note)}" for note in report.notes),
        *(part for group in report.groups for part in _group(group)),
        *(part for over in report.across for part in _across(over)),
        "## Provenance",
        _bullets(f"{_text(name)}: {_text(said)}" for name, said in facts(report)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def facts(report: RobustnessReport) -> list[tuple[str, str]]:
    """Name and value of everything that identifies the analysis."""
    p, s = report.provenance, report.settings
    return [
        ("spec hash", report.study.spec_hash),
        *report.study.settings.items(),
        ("code", p.code_version),
        *lines(p),
        ("analysed with", ", ".join(f"{name} {version}" for name, version in p.packages.items())),
        ("analysed on", p.machine),
        ("analysed at", p.analysed_at.isoformat()),
        ("bootstrap", f"{s.resamples} resamples of whole seeds, {100 * s.level:g} % intervals"),
    ]


def describe(group: GroupReport) -> str:
    """One sentence about the grid, the cap and the tolerance of a group."""
    low, high = (setting(end) for end in group.lr_range)
    init_low, init_high = (setting(end) for end in group.init_range)
    tolerance = "none" if group.tolerance is None else number(group.tolerance, group.goal_unit)
    aim = labelled(group.goal_metric, better_side(group.minimize))
    target = "" if group.target is None else f", target {number(group.target, group.goal_unit)}"
    return (
        f"{aim}{target}; lr {low} to {high}, init scale {init_low} to "
        f"{init_high} (standard: {setting(group.standard_init)}); a diverged trial counts as "
        f"{number(group.cap, group.goal_unit)}; tolerance {tolerance}."
    )


def _group(group: GroupReport) -> list[str]:
    return [
        f"## {_text(group.name)}",
        _text(describe(group)),
        _rules_table(group),
        *_titled("Importance of the axes", IMPORTANCES, plain_tables.importances(group)),
        _comparison_table(group),
        *_titled("Learning curves", _learning(group), plain_tables.learning(group)),
    ]


def _learning(group: GroupReport) -> str:
    metric = labelled(group.goal_metric, better_side(group.minimize))
    return f"{LEARNING} The metric is {_text(metric)}."


def _titled(title: str, doc: str, found: Table | None) -> list[str]:
    if found is None:
        return []
    names, lines = found
    return [f"### {title}", doc, _table(names, [[_text(text) for text in line] for line in lines])]


def _overview(groups: Sequence[GroupReport]) -> list[str]:
    found = overview(groups)
    if found is None:
        return []
    lines = [[line.name, *map("; ".join, line.cells)] for line in found.lines]
    if any(found.totals):
        lines.append(["Shown", *map("; ".join, found.totals)])
    body = [[_text(text) or "–" for text in line] for line in lines]
    head = ["", *map(_text, found.rules)]
    return ["## Overview", _table(head, body), _text(found.legend)]


def _rules_table(group: GroupReport) -> str:
    rules = group.rules
    body = [
        [
            _titled_number(row.title, facts_in(row.name, group)),
            *(_scalar(rule.scalars.get(row.name)) for rule in rules),
        ]
        for row in ROWS
        if any(row.name in r.scalars for r in rules)
    ]
    body.append(["Trials with a result", *(f"{rule.results} of {rule.trials}" for rule in rules)])
    return _table(["metric", *(_text(rule.rule) for rule in rules)], body)


def _titled_number(title: str, facts: Facts) -> str:
    """``Best (lower is better, in val_loss)``."""
    said = sense(facts.better, facts.unit)
    return f"{title} ({_text(said)})" if said else title


def _across(report: AcrossReport) -> list[str]:
    body = [
        [
            _titled_number(title, facts_across(name)),
            *(_scalar(rule.scalars.get(name)) for rule in report.rules),
        ]
        for name, title, *_ in ACROSS_ROWS
        if any(name in rule.scalars for rule in report.rules)
    ]
    return [
        f"## All problems, {_text(report.direction)}",
        _text(describe_across(report)),
        _table(["metric", *(_text(rule.rule) for rule in report.rules)], body),
    ]


def describe_across(report: AcrossReport) -> str:
    """One sentence about what is aggregated and how scores are scaled."""
    return (
        f"{len(report.problems)} problems: {', '.join(report.problems)}. Scores are 0 at a "
        "problem's cap and 1 at the best cell of any rule; a run's score is its mean over the grid."
    )


def _scalar(s: Scalar | None) -> str:
    if s is None:
        return "–"
    if s.value is None:
        return f"– ({_text(s.reason or '')})"
    return f"{_text(quantity(s))} ({interval(s)})"


def _comparison_table(group: GroupReport) -> str:
    if not group.comparisons:
        return ""
    titles = {row.name: row.title for row in ROWS}
    body = [
        [
            f"{_text(c.rule)} − {_text(c.baseline)}",
            labelled(titles[c.metric], c.difference.better),
            _text(quantity(c.difference)),
            interval(c.difference),
            "–" if c.p_holm is None else f"{c.p_holm:.2g}",
            verdict(c),
        ]
        for c in group.comparisons
    ]
    return _table(["rules", "metric", "difference", "interval", "p (Holm)", "verdict"], body)


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _text(text: str) -> str:
    """User text on one line, with everything that Markdown or HTML would read escaped."""
    plain = " ".join(text.split())
    marked = re.sub(r"([\\`*_\[\]|#~])", r"\\\1", plain)
    return marked.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
