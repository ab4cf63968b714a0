"""All groups of a report in one table: what each rule reaches, and what was shown of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gofau_studies.report.directions import facts_in
from gofau_studies.report.model import Comparison, GroupReport, Strength
from gofau_studies.report.wording import value

COLUMNS = {
    "basin_volume": ("basin", "larger", "smaller"),
    "divergence_rate": ("diverged", "more", "less"),
    "best": ("best", "higher", "lower"),
}
"""Rows of the rules table that the overview holds: name, and what a difference is called."""

LEGEND = (
    "In brackets: against {baseline}, where a difference is shown; with a question mark it is "
    "suggested only, and = says that none is shown."
)


@dataclass(frozen=True)
class OverviewLine:
    """One group: by rule, what stands in its cell, one text a number."""

    name: str
    cells: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Overview:
    """A line a group, and in ``totals`` how often each rule was shown to differ."""

    rules: tuple[str, ...]
    lines: tuple[OverviewLine, ...]
    totals: tuple[tuple[str, ...], ...]
    legend: str


def overview(groups: Sequence[GroupReport]) -> Overview | None:
    """The table of two groups or more; ``None`` of one, whose own table says it all."""
    if len(groups) < 2:
        return None
    rules = tuple(dict.fromkeys(rule.rule for group in groups for rule in group.rules))
    baselines = dict.fromkeys(c.baseline for group in groups for c in group.comparisons)
    return Overview(
        rules=rules,
        lines=tuple(
            OverviewLine(group.name, tuple(_cell(group, rule) for rule in rules))
            for group in groups
        ),
        totals=tuple(_totals(groups, rule) for rule in rules),
        legend=" ".join(part for part in (_better(groups[0]), _legend(baselines)) if part),
    )


def _better(group: GroupReport) -> str:
    """``basin: higher is better; ...``, of each column."""
    ways = {title: facts_in(name, group).better for name, (title, *_) in COLUMNS.items()}
    said = [f"{title}: {way} is better" for title, way in ways.items()]
    return f"{'; '.join(said)}."


def _legend(baselines: Mapping[str, None]) -> str:
    return LEGEND.format(baseline=" or ".join(baselines)) if baselines else ""


def _cell(group: GroupReport, rule: str) -> tuple[str, ...]:
    found = next((r for r in group.rules if r.rule == rule), None)
    if found is None:
        return ()
    return tuple(
        f"{title} {value(found.scalars[name])}{_against(_comparison(group, rule, name))}"
        for name, (title, _, _) in COLUMNS.items()
        if name in found.scalars
    )


def _comparison(group: GroupReport, rule: str, metric: str) -> Comparison | None:
    return next((c for c in group.comparisons if (c.rule, c.metric) == (rule, metric)), None)


def _against(c: Comparison | None) -> str:
    if c is None or c.strength is Strength.WITHHELD:
        return ""
    doubt = "?" if c.strength is Strength.SUGGESTED else ""
    return f" ({_word(c)}{doubt})"


def _word(c: Comparison) -> str:
    """``larger``, ``smaller`` or ``=``."""
    if c.strength is Strength.NOT_SHOWN:
        return "="
    _, more, less = COLUMNS[c.metric]
    return more if (c.difference.value or 0.0) > 0 else less


def _totals(groups: Sequence[GroupReport], rule: str) -> tuple[str, ...]:
    """``basin larger in 5, smaller in 2 of 16``, for each number that is compared."""
    said = []
    for name, (title, more, less) in COLUMNS.items():
        pairs = [c for group in groups if (c := _comparison(group, rule, name)) is not None]
        told = [c for c in pairs if c.strength is not Strength.WITHHELD]
        if told:
            shown = Counter(_word(c) for c in told if c.strength is Strength.SHOWN)
            said.append(f"{title} {more} in {shown[more]}, {less} in {shown[less]} of {len(told)}")
    return tuple(said)
