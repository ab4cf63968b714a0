"""Tables of studies and of rules."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from service.cli.progress import duration
from service.client.models import Study

if TYPE_CHECKING:
    from studies.metrics.scalar import Scalar
    from studies.report.model import GroupReport, RuleReport

COLUMNS = {
    "divergence_rate": "Diverged",
    "best": "Best",
    "basin_width": "Basin width",
    "lr_sensitivity": "lr sensitivity",
}
"""The scalars of the terminal's table; the report page has all."""


def rules_table(group: "GroupReport") -> Table:
    """Rules against scalars, each with its 95 % interval."""
    metric = f"{group.goal_metric}, {'lower' if group.minimize else 'higher'} is better"
    table = Table(title=Text(f"{group.name} ({metric})"), title_justify="left")
    table.add_column("Rule")
    for name, title in COLUMNS.items():
        unit = _unit(group, name)
        table.add_column(Text(f"{title}\n{unit}" if unit else title), justify="right")
    for rule in group.rules:
        table.add_row(Text(rule.rule), *(_cell(rule, name) for name in COLUMNS))
    return table


def _unit(group: "GroupReport", name: str) -> str:
    units = {rule.scalars[name].unit for rule in group.rules if name in rule.scalars}
    return ", ".join(sorted(units - {"share"}))


def _cell(rule: "RuleReport", name: str) -> Text:
    scalar = rule.scalars.get(name)
    return Text("-", style="dim") if scalar is None else Text(format_scalar(scalar))


def format_scalar(scalar: "Scalar") -> str:
    """Value and interval; a value that the grid's border cuts off is marked ``≥``.

    Example: ``0.42 [0.40, 0.45]``, or ``≥ 2.1 [1.9, 2.3]``, or the reason why there is none.
    """
    if scalar.value is None:
        return scalar.reason or "-"
    show = _percent if scalar.unit == "share" else _number
    bound = "≥ " if scalar.censored and scalar.unit.startswith("decades") else ""
    interval = (
        ""
        if scalar.low is None or scalar.high is None
        else f" [{show(scalar.low)}, {show(scalar.high)}]"
    )
    return f"{bound}{show(scalar.value)}{interval}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _number(value: float) -> str:
    return f"{value:.3g}"


def studies_table(studies: list[Study]) -> Table:
    """One study a line."""
    table = Table()
    for title in ("Study", "Name", "State"):
        table.add_column(title)
    for title in ("Trials", "Diverged", "Failed"):
        table.add_column(title, justify="right")
    table.add_column("Created")
    for study in studies:
        table.add_row(
            Text(study.id),
            Text(study.name),
            str(study.state),
            f"{study.counts.ended}/{study.trials}",
            str(study.diverged),
            str(study.counts.failed),
            f"{study.created_at:%Y-%m-%d %H:%M}",
        )
    return table


def study_table(study: Study) -> Table:
    """One study in full."""
    table = Table(show_header=False)
    rows = {
        "Study": study.id,
        "Name": study.name,
        "State": str(study.state),
        "Message": study.message or "",
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


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items() if n)
