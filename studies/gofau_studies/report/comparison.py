"""Paired comparison of every rule with the baseline rule."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gofau.catalog import SHARE
from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid, coverage
from gofau_studies.metrics.scalar import ALIKE, Scalar, enough, sampled_interval
from gofau_studies.report.model import AnalysisSettings, Comparison, Strength
from gofau_studies.report.resampled import Resampled
from gofau_studies.report.row import Context, Row, unit_of, why_one_seed
from gofau_studies.report.rows import ROWS
from gofau_studies.report.wording import POINTS
from gofau_studies.statistics.intervals import Interval, agreed
from gofau_studies.statistics.paired import holm, sign_flip


@dataclass(frozen=True)
class _Difference:
    rule: str
    baseline: str
    row: Row
    scalar: Scalar
    p_value: float | None


def compare(
    evaluated: Sequence[Resampled],
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
    row: Row, rule: Resampled, baseline: Resampled, context: Context, rng: np.random.Generator
) -> _Difference:
    ours, theirs = rule.landscape, baseline.landscape
    names = (ours.key.rule, theirs.key.rule)
    unit = unit_of(row, ours)
    covered = min(coverage(m.present, Grid.of(m)) for m in (ours, theirs))
    if ours.seeds != theirs.seeds:
        n = min(len(ours.seeds), len(theirs.seeds))
        return _Difference(*names, row, Scalar.withheld(covered, n, _unpaired(ours, theirs)), None)
    if not enough(covered):
        bare = Scalar.measured(np.nan, None, covered, len(ours.seeds))
        return _Difference(*names, row, bare, None)
    point = _minus(rule.point[row.name], baseline.point[row.name])
    interval, why = _interval(row, rule, baseline, float(point[0]), context)
    scalar = Scalar.measured(
        float(point[0]),
        interval,
        covered,
        len(ours.seeds),
        censored=_either(row, ours, theirs, context),
        bound="",
        unit=POINTS if unit == SHARE else unit,
        level=context.level,
        why=why,
    )
    if scalar.value is None:
        return _Difference(*names, row, scalar, None)
    differences = _paired(rule.each[row.name], baseline.each[row.name])
    if why == ALIKE and not _may_agree(row, differences):
        return _Difference(*names, row, scalar, None)
    return _Difference(*names, row, scalar, _p_value(differences, rng))


def _unpaired(*sides: Landscape) -> str:
    """Why the seeds of two rules are no pairs."""
    alike = [m for m in sides if m.repeated]
    if not alike:
        return "the rules ran different seeds, so they can't be paired"
    said = (
        f"{len(m.repeated) + len(m.seeds)} seeds of {m.key.rule} gave {len(m.seeds)} "
        f"result{'s' if len(m.seeds) > 1 else ''} bit by bit"
        for m in alike
    )
    return f"{' and '.join(said)}, so pairs of seeds are no replicates"


def _interval(
    row: Row, rule: Resampled, baseline: Resampled, point: float, context: Context
) -> tuple[Interval | None, str]:
    """The interval of a difference on resampled seeds, and why there is none, if so."""
    n_seeds = len(rule.landscape.seeds)
    ours, theirs = rule.samples[row.name], baseline.samples[row.name]
    interval = sampled_interval(_minus(ours, theirs), n_seeds, context.level)
    if interval is None or not interval.is_flat(_size(ours, theirs)):
        return interval, why_one_seed(rule.landscape)
    if not row.is_rate:
        return None, ALIKE
    # Seeds that behave otherwise may have no difference, or all that there can be.
    ends = (min(np.sign(point), 0.0), max(np.sign(point), 0.0)) if point else (-1.0, 1.0)
    return agreed(point, ends, n_seeds, context.level), ALIKE


def _size(*samples: Floats) -> float:
    """The largest of all finite numbers."""
    finite = (np.abs(one[np.isfinite(one)]) for one in samples)
    return max((float(one.max()) for one in finite if one.size), default=0.0)


def _may_agree(row: Row, differences: Floats) -> bool:
    """Whether seeds that all agree are replicates all the same.

    Counts and shares of a grid often agree, and no difference at all is none. Equal to the last
    digit, other numbers tell that the seeds took no part in them.
    """
    agree = differences.size > 0 and (differences == differences[0]).all()
    return row.is_rate or row.is_counted or not agree or differences[0] == 0


def _minus(one: Floats, other: Floats) -> Floats:
    """Difference; NaN where neither ever arrives (inf − inf)."""
    with np.errstate(invalid="ignore"):
        return np.asarray(one - other)


def _either(row: Row, ours: Landscape, theirs: Landscape, context: Context) -> tuple[str, ...]:
    """Censoring of either side, with the side's name: a difference of bounds is no bound."""
    return tuple(
        f"{side.key.rule}: {name}" for side in (ours, theirs) for name in row.censor(side, context)
    )


def _paired(one: Floats, other: Floats) -> Floats:
    """Differences of a row on each seed alone that has one."""
    # Equal values tie, also when both are infinite.
    differences = np.where(one == other, 0.0, _minus(one, other))
    return np.asarray(differences[~np.isnan(differences)])


def _p_value(differences: Floats, rng: np.random.Generator) -> float | None:
    """Sign-flip p-value; needs two seeds or more."""
    return sign_flip(differences, rng) if len(differences) > 1 else None


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
    """Shown: interval without 0 and corrected p <= alpha. Suggested: the interval alone.

    Where all seeds agree, the difference itself stands for an interval.
    """
    low, high = difference.low, difference.high
    if difference.reason == ALIKE and p_holm is not None:
        low = high = difference.value
    if difference.value is None or low is None or high is None:
        return Strength.WITHHELD
    if low <= 0 <= high:
        return Strength.NOT_SHOWN
    return Strength.SHOWN if p_holm is not None and p_holm <= alpha else Strength.SUGGESTED
