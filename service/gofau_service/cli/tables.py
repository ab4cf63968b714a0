"""Tables of studies and of rules."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gofau.catalog.metrics import better_side
from gofau_service.answers import Study, Token, Trial
from gofau_service.cli.progress import duration
from gofau_studies.protocol.trial_facts import FACTS
from gofau_studies.protocol.trials import gist

if TYPE_CHECKING:
    from gofau_studies.metrics.scalar import Scalar
    from gofau_studies.render.overview import Overview
    from gofau_studies.report.model import GroupReport, RobustnessReport

COLUMNS = {
    "divergence_rate": "Diverged",
    "best": "Best",
    "basin_width": "Basin width",
    "lr_sensitivity": "lr sensitivity",
}
"""The scalars of the terminal's table; the report page has all."""


def print_report(report: "RobustnessReport", console: Console) -> None:
    """An overview of several groups, the verdicts in words, then a table for each group."""
    # The analysis comes with scipy and pandas, whose imports other commands need not wait for.
    from gofau_studies.render.overview import overview
    from gofau_studies.report.provenance import brief
    from gofau_studies.report.verdicts import told

    whole = overview(report.groups)
    if whole is not None:
        console.print(overview_table(whole))
        console.print(Text(whole.legend, style="dim"))
    said, silent = told(report.verdicts)
    for verdict in said:
        console.print(Text(verdict.subject, style="bold"))
        for clause in verdict.clauses:
            console.print(Padding(Text(clause.text), (0, 0, 0, 2)))
    for text in silent:
        console.print(Text(text))
    for note in report.notes:
        console.print(Text(f"note: {note}", style="dim"))
    for group in report.groups:
        console.print(rules_table(group))
    if line := brief(report.provenance):
        console.print(Text(line, style="dim"))


def overview_table(whole: "Overview") -> Table:
    """Groups against rules: basin, divergence, best, and how often a difference was shown."""
    table = _table(leading=1)
    for title in ("", *whole.rules):
        table.add_column(Text(title), overflow="fold")
    for line in whole.lines:
        table.add_row(Text(line.name), *(Text("\n".join(cell) or "-") for cell in line.cells))
    if any(whole.totals):
        table.add_row("Shown", *(Text("\n".join(cell)) for cell in whole.totals))
    return table


def rules_table(group: "GroupReport") -> Table:
    """Rules against scalars, each with its 95 % interval under it."""
    sense = f"{group.goal_metric}, {better_side(group.minimize)} is better"
    table = _table(title=Text(f"{group.name} ({sense}; 95 % intervals)"), leading=1)
    table.add_column("Rule", overflow="fold")
    for name, title in COLUMNS.items():
        heading = Text(f"{title}\n{_unit(group, name)}")
        table.add_column(heading, justify="right")
    for rule in group.rules:
        table.add_row(Text(rule.rule), *(_cell(rule.scalars.get(name)) for name in COLUMNS))
    return table


def _table(title: Text | None = None, leading: int = 0) -> Table:
    return Table(
        box=SIMPLE_HEAD,
        title=title,
        title_justify="left",
        leading=leading,
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
    )


def _unit(group: "GroupReport", name: str) -> str:
    shown = [rule.scalars[name] for rule in group.rules if name in rule.scalars]
    units = sorted({scalar.unit for scalar in shown} - {"share"})
    ways = sorted({f"{scalar.better} is better" for scalar in shown if scalar.better != "neither"})
    return "\n".join([", ".join(units), *ways]).strip()


def _cell(scalar: "Scalar | None") -> Text:
    # The wording comes with the analysis, whose imports other commands need not wait for.
    from gofau_studies.report import wording

    if scalar is None or scalar.value is None:
        return Text("-" if scalar is None else scalar.reason or "-", style="dim")
    ends = (scalar.low, scalar.high)
    shown = [wording.number(end, scalar.unit) for end in ends if end is not None]
    interval = f"[{', '.join(shown)}]" if shown else "no interval"
    return Text.assemble(wording.value(scalar), "\n", (interval, "dim"))


def studies_table(studies: list[Study]) -> Table:
    """One study a line."""
    table = _table()
    table.add_column("Study", no_wrap=True, overflow="fold")
    table.add_column("Name", overflow="fold", min_width=10)
    table.add_column("State", no_wrap=True)
    for title in ("Trials", "Diverged", "Failed"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Created (UTC)", no_wrap=True)
    for study in studies:
        table.add_row(
            Text(study.id),
            Text(study.name),
            str(study.state),
            f"{study.counts.ended}/{study.trials}",
            str(study.diverged),
            str(study.counts.failed),
            f"{study.created_at:%m-%d %H:%M}",
        )
    return table


def trials_table(
    trials: list[Trial], goal: Mapping[str, Any], numbers: Sequence[str] = ()
) -> Table:
    """One trial a line; its setting in the words of the axes, its value the goal's.

    Args:
        trials: in the order of the lines.
        goal: the study's.
        numbers: facts that are shown beside these.
    """
    table = _table()
    for title in ("Trial", "Rule", "Setting", "Seed", "State", "Outcome"):
        table.add_column(title, overflow="fold")
    heading = f"{goal['metric']}\n{better_side(goal['minimize'])} is better"
    table.add_column(Text(heading), justify="right")
    for name in numbers:
        table.add_column(Text(FACTS[name].title.capitalize()), justify="right")
    for trial in trials:
        setting = ", ".join(f"{axis} {value:.3g}" for axis, value in trial.point.items())
        table.add_row(
            str(trial.index),
            Text(trial.rule),
            Text(setting),
            str(trial.seed),
            str(trial.state),
            Text((trial.outcome or "").replace("_", " ") or gist(trial.error or "")),
            *(_number(getattr(trial, name)) for name in ("value", *numbers)),
        )
    return table


def _number(value: float | None) -> str:
    """Four digits of a measured number; a count whole."""
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.4g}"


def tokens_table(tokens: list[Token]) -> Table:
    """One token a line."""
    table = _table()
    for title in ("Token", "Name", "Owner", "Scopes", "Expires", "Revoked"):
        table.add_column(title, overflow="fold")
    for token in tokens:
        table.add_row(
            Text(token.id),
            Text(token.name),
            Text(token.owner),
            ", ".join(token.scopes),
            f"{token.expires_at:%Y-%m-%d}" if token.expires_at else "",
            f"{token.revoked_at:%Y-%m-%d}" if token.revoked_at else "",
        )
    return table


def study_table(study: Study) -> Table:
    """One study in full."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    rows = {
        "Study": study.id,
        "Name": study.name,
        "State": str(study.state),
        "Message": study.message or "",
        "Goal": _goal(study.goal),
        "Doubt": " ".join(study.doubts),
        "Trials": f"{study.counts.ended} of {study.trials} ended ({study.progress:.0%})",
        "By state": _counted(study.counts.model_dump()),
        "By outcome": _counted({str(o): n for o, n in study.outcomes.items()}),
        "Reused": str(study.reused),
        "Rate": f"{study.trials_per_s:.2f} trials/s" if study.trials_per_s else "",
        "Time left": duration(study.eta_s) if study.eta_s else "",
        "Tags": ", ".join(study.tags),
        "Spec hash": study.spec_hash,
        "Created": f"{study.created_at:%Y-%m-%d %H:%M:%S %Z}",
        "Ended": f"{study.ended_at:%Y-%m-%d %H:%M:%S %Z}" if study.ended_at else "",
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, Text(value))
    return table


def _goal(goal: Mapping[str, Any]) -> str:
    """``val_loss, lower is better, target 0.3``: as the study took it."""
    way = f"{goal['metric']}, {better_side(goal['minimize'])} is better"
    return way if goal.get("target") is None else f"{way}, target {goal['target']:g}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items() if n)
