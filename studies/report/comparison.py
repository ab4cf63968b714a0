"""Paired comparison of every rule with the baseline rule."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gofau.catalog import SHARE
from studies.landscape import Floats, Landscape
from studies.metrics.grid import Grid, coverage
from studies.metrics.scalar import Scalar, enough, sampled_interval
from studies.report.evaluated import Evaluated
from studies.report.model import AnalysisSettings, Comparison, Strength
from studies.report.row import Context, Row, unit_of
from studies.report.rows import ROWS
from studies.report.wording import POINTS
from studies.statistics.paired import holm, sign_flip


@dataclass(frozen=True)
class _Difference:
    rule: str
    baseline: str
    row: Row
    scalar: Scalar
    p_value: float | None


def compare(
    evaluated: Sequence[Evaluated],
    context: Context,
    settings: AnalysisSettings,
    rng: np.random.Generator,
) -> tuple[Comparison, ...]:
    """Compare each rule with the baseline on every row of the rules table.

    Holm's family is one row over all rules of the group: each row is a question of its own.

    Args:
        evaluated: the landscapes of a group.
    """
    baseline = next(
        (e for e in evaluated if e.landscape.key.rule == settings.baseline), evaluated[0]
    )
    others = [e for e in evaluated if e is not baseline]
    found: list[Comparison] = []
    for row in ROWS:
        if others and row.more and row.name in baseline.samples:
            family = [_difference(row, other, baseline, context, rng) for other in others]
            found.extend(_corrected(family, settings))
    return tuple(found)


def _difference(
    row: Row, rule: Evaluated, baseline: Evaluated, context: Context, rng: np.random.Generator
) -> _Difference:
    ours, theirs = rule.landscape, baseline.landscape
    names = (ours.key.rule, theirs.key.rule)
    unit = unit_of(row, ours)
    covered = min(coverage(m.present, Grid.of(m)) for m in (ours, theirs))
    if ours.seeds != theirs.seeds:
        n = min(len(ours.seeds), len(theirs.seeds))
        reason = "the rules ran different seeds, so they can't be paired"
        return _Difference(*names, row, Scalar.withheld(covered, n, reason), None)
    if not enough(covered):
        bare = Scalar.measured(np.nan, None, covered, len(ours.seeds))
        return _Difference(*names, row, bare, None)
    point = _minus(rule.point[row.name], baseline.point[row.name])
    samples = _minus(rule.samples[row.name], baseline.samples[row.name])
    scalar = Scalar.measured(
        float(point[0]),
        sampled_interval(samples, len(ours.seeds), context.level),
        covered,
        len(ours.seeds),
        censored=_either(row, ours, theirs, context),
        bound="",
        unit=POINTS if unit == SHARE else unit,
        level=context.level,
    )
    if scalar.value is None:
        return _Difference(*names, row, scalar, None)
    p_value = _p_value(rule.each[row.name], baseline.each[row.name], rng)
    return _Difference(*names, row, scalar, p_value)


def _minus(one: Floats, other: Floats) -> Floats:
    """Difference; NaN where neither ever arrives (inf − inf)."""
    with np.errstate(invalid="ignore"):
        return np.asarray(one - other)


def _either(row: Row, ours: Landscape, theirs: Landscape, context: Context) -> tuple[str, ...]:
    """Censoring of either side, with the side's name: a difference of bounds is no bound."""
    return tuple(
        f"{side.key.rule}: {name}" for side in (ours, theirs) for name in row.censor(side, context)
    )


def _p_value(one: Floats, other: Floats, rng: np.random.Generator) -> float | None:
    """Sign-flip p-value over a row's value on each seed alone; needs two seeds or more."""
    # Equal values tie, also when both are infinite.
    differences = np.where(one == other, 0.0, _minus(one, other))
    known = differences[~np.isnan(differences)]
    return sign_flip(known, rng) if len(known) > 1 else None


def _corrected(family: Sequence[_Difference], settings: AnalysisSettings) -> list[Comparison]:
    tested = [d for d in family if d.p_value is not None]
    adjusted = holm([d.p_value for d in tested if d.p_value is not None])
    by_rule = {d.rule: p for d, p in zip(tested, adjusted, strict=True)}
    return [
        Comparison(
            rule=d.rule,
            baseline=d.baseline,
            metric=d.row.name,
            difference=d.scalar,
            p_value=d.p_value,
            p_holm=by_rule.get(d.rule),
            strength=strength(d.scalar, by_rule.get(d.rule), settings.alpha),
        )
        for d in family
    ]


def strength(difference: Scalar, p_holm: float | None, alpha: float) -> Strength:
    """Shown: interval without 0 and corrected p <= alpha. Suggested: the interval alone."""
    if difference.value is None or difference.low is None or difference.high is None:
        return Strength.WITHHELD
    if difference.low <= 0 <= difference.high:
        return Strength.NOT_SHOWN
    return Strength.SHOWN if p_holm is not None and p_holm <= alpha else Strength.SUGGESTED
