"""Verdicts in plain words, each claim tied to the id of its number."""

from collections.abc import Sequence

from gofau_studies.metrics.scalar import MIN_COVERAGE, Scalar, enough
from gofau_studies.report.directions import judged
from gofau_studies.report.model import (
    Clause,
    Comparison,
    GroupReport,
    RuleReport,
    Strength,
    Verdict,
    number_id,
)
from gofau_studies.report.rows import ROWS
from gofau_studies.report.wording import POINTS, interval, number, quantity

HEADLINES = ("basin_volume", "shared_basin_volume", "divergence_rate", "best", "lr_sensitivity")
"""Rows that a verdict speaks about."""

NAMED = 2
"""More pairs of rules that are not compared for one reason are counted instead of named."""


def verdicts(groups: Sequence[GroupReport]) -> tuple[Verdict, ...]:
    """One verdict a rule: against the baseline, or on its own where it stands alone."""
    found: list[Verdict] = []
    for group in groups:
        compared = {c.rule for c in group.comparisons}
        if compared:
            found.extend(_against(group, rule) for rule in group.rules if rule.rule in compared)
        else:
            found.extend(_alone(group, rule) for rule in group.rules)
    return tuple(found)


def withheld(verdict: Verdict) -> bool:
    """Whether a verdict says nothing but why there is none."""
    return len(verdict.clauses) == 1 and verdict.clauses[0].strength is Strength.WITHHELD


def told(found: Sequence[Verdict]) -> tuple[list[Verdict], list[str]]:
    """Verdicts that say something, and one sentence a reason for those that don't."""
    silent: dict[str, list[str]] = {}
    for verdict in filter(withheld, found):
        silent.setdefault(verdict.clauses[0].text, []).append(verdict.subject)
    return [v for v in found if not withheld(v)], [
        f"{'; '.join(subjects) if len(subjects) <= NAMED else f'{len(subjects)} pairs of rules'}: "
        f"{text}."
        for text, subjects in silent.items()
    ]


def sentences(found: Sequence[Verdict]) -> list[str]:
    """All verdicts, one text each; those withheld for the same reason share one."""
    said, silent = told(found)
    return [*(verdict.text for verdict in said), *silent]


def _against(group: GroupReport, rule: RuleReport) -> Verdict:
    mine = {c.metric: c for c in group.comparisons if c.rule == rule.rule}
    baseline = next(iter(mine.values())).baseline
    other = next(r for r in group.rules if r.rule == baseline)
    clauses = [_clause(group, mine[name], rule, other) for name in HEADLINES if name in mine]
    reasons = {mine[name].difference.reason for name in HEADLINES if name in mine}
    if all(c.strength is Strength.WITHHELD for c in clauses) and len(reasons) == 1:
        # One reason for all of them needs saying once.
        text = f"not compared ({reasons.pop()})"
        clauses = [Clause(text=text, number=clauses[0].number, strength=Strength.WITHHELD)]
    return Verdict(
        subject=f"{group.name} · {rule.rule} against {baseline}", clauses=_merged(clauses)
    )


def _merged(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """Claims that hold first, then what shows no difference, then what lacks results."""
    order = (Strength.SHOWN, Strength.SUGGESTED, Strength.NOT_SHOWN, Strength.WITHHELD)
    return tuple(sorted(clauses, key=lambda clause: order.index(clause.strength)))


def _clause(group: GroupReport, c: Comparison, rule: RuleReport, other: RuleReport) -> Clause:
    row = next(r for r in ROWS if r.name == c.metric)
    link = number_id(group.problem, group.direction, f"{c.rule} vs {c.baseline}", c.metric)
    topic = row.title[0].lower() + row.title[1:]
    d = c.difference
    if d.value is None or c.strength is Strength.WITHHELD:
        text = f"{topic} not compared ({d.reason})"
    elif c.strength is Strength.NOT_SHOWN:
        text = f"no difference shown in {topic} ({_spanned(d)})"
    elif d.unit == POINTS:
        mine, theirs = quantity(rule.scalars[c.metric]), quantity(other.scalars[c.metric])
        text = f"{row.more if d.value > 0 else row.less}: {mine} against {theirs}{_judgement(d)}"
    else:
        text = f"{row.more if d.value > 0 else row.less} {_by(c)}{_judgement(d)}"
    return Clause(text=text + _doubt(c), number=link, strength=c.strength)


def _spanned(difference: Scalar) -> str:
    """The interval and its unit, or why there is none."""
    known = difference.low is not None and difference.high is not None
    return f"{interval(difference)} {difference.unit}".rstrip() if known else interval(difference)


def _judgement(difference: Scalar) -> str:
    """``, which is better``, where a difference is either."""
    word = judged(difference)
    return f", which is {word}" if word else ""


def verdict(c: Comparison) -> str:
    """How well a difference is supported and, where it is at all, whether it is for the better."""
    supported = c.strength in (Strength.SHOWN, Strength.SUGGESTED)
    word = judged(c.difference) if supported else ""
    return f"{c.strength.value}: {word}" if word else c.strength.value


def _by(c: Comparison) -> str:
    d = c.difference
    size = f"by {number(abs(d.value or 0.0))} {d.unit}".rstrip()
    if d.low is None or d.high is None:
        return f"{size} ({interval(d)})"
    ends = sorted(abs(end) for end in (d.low, d.high))
    return f"{size} ({100 * d.level:g} % {number(ends[0])} to {number(ends[1])})"


def _doubt(c: Comparison) -> str:
    censored = " [at the grid's border]" if c.difference.censored else ""
    if c.strength is not Strength.SUGGESTED:
        return censored
    p = "too few seeds to test" if c.p_holm is None else f"corrected p = {c.p_holm:.2g}"
    return f"{censored} – suggested only ({p})"


def _alone(group: GroupReport, rule: RuleReport) -> Verdict:
    clauses: list[Clause] = []
    for row in ROWS:
        if row.name in HEADLINES and row.name in rule.scalars:
            s = rule.scalars[row.name]
            said = f"{quantity(s)} ({interval(s)})" if s.value is not None else f"{s.reason}"
            link = number_id(group.problem, group.direction, rule.rule, row.name)
            clauses.append(
                Clause(
                    text=f"{row.title[0].lower() + row.title[1:]} {said}",
                    number=link,
                    strength=Strength.STATED if s.value is not None else Strength.WITHHELD,
                )
            )
    reasons = {rule.scalars[n].reason for n in HEADLINES if n in rule.scalars}
    if all(c.strength is Strength.WITHHELD for c in clauses) and len(reasons) == 1:
        clauses = [clauses[0].model_copy(update={"text": f"no numbers ({reasons.pop()})"})]
    return Verdict(subject=f"{group.name} · {rule.rule}", clauses=tuple(clauses))


def notes(groups: Sequence[GroupReport]) -> tuple[str, ...]:
    """What a reader must know before trusting the numbers."""
    rules = [rule for group in groups for rule in group.rules]
    found = []
    if any(rule.results < rule.trials for rule in rules):
        done, asked = sum(r.results for r in rules), sum(r.trials for r in rules)
        found.append(f"Partial results: {done} of {asked} trials have a result.")
    found.extend(note for group in groups for note in _repeats(group))
    # More seeds are no remedy where all of them give one result.
    drawn = [rule.distinct for rule in rules if rule.distinct > 1 or not rule.repeats]
    found.extend(_seed_notes(min(drawn)) if drawn else [])
    if any(s.censored for rule in rules for s in rule.scalars.values()):
        found.append(
            "Values marked ≥ or ≤ touch the grid's border or missing cells: widen the axes to "
            "measure them."
        )
    if any(not enough(s.coverage) for rule in rules for s in rule.scalars.values()):
        found.append(
            f"Numbers are given, and problems aggregated, from {MIN_COVERAGE:.0%} coverage on."
        )
    if any(group.tolerance is None for group in groups):
        found.append(
            "No trial of a group is better than the cap, so no basin is defined there and "
            "aggregates over problems leave it out."
        )
    return tuple(found)


def _repeats(group: GroupReport) -> list[str]:
    """A sentence for each set of rules whose seeds repeat each other alike."""
    alike: dict[tuple[int, int], list[str]] = {}
    for rule in group.rules:
        if rule.repeats:
            alike.setdefault((len(rule.seeds), rule.distinct), []).append(rule.rule)
    return [
        f"{group.name}, {' and '.join(names)}: {ran} seeds gave {kept} "
        f"result{'s' if kept > 1 else ''}, the others repeat {'these' if kept > 1 else 'it'} bit "
        "by bit and count as no evidence. Either the problem draws nothing from a seed, and one "
        "seed says it all, or the seed does not reach it."
        for (ran, kept), names in alike.items()
    ]


def _seed_notes(fewest: int) -> list[str]:
    seeds = f"{fewest} seed{'s' if fewest > 1 else ''}"
    found = []
    if fewest < 5:
        found.append(f"{seeds}: intervals are absent or too narrow; use 5 or more.")
    if fewest < 7:
        smallest = 2.0 ** (1 - fewest)
        found.append(
            f"{seeds}: a sign-flip test can't go below p = {smallest:.2g} before correction."
        )
    return found
