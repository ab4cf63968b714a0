"""Builds a `RobustnessReport` from landscapes."""

from collections.abc import Mapping, Sequence

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import GroupKey, Landscape, LandscapeError
from gofau_studies.report.across import Problem, across, problem
from gofau_studies.report.all_charts import with_charts, with_charts_across
from gofau_studies.report.comparison import compare
from gofau_studies.report.directions import directed, directed_across
from gofau_studies.report.levels import Levels, best_costs
from gofau_studies.report.model import (
    AcrossReport,
    AnalysisSettings,
    GroupReport,
    Provenance,
    RobustnessReport,
    RuleReport,
    SpecSummary,
    Supplement,
)
from gofau_studies.report.resampled import Resampled, evaluate
from gofau_studies.report.row import Context, is_covered, scalar
from gofau_studies.report.rows import rows_of
from gofau_studies.report.verdicts import notes, verdicts
from gofau_studies.statistics.bootstrap import seed_counts
from gofau_studies.statistics.replicates import distinct_seeds


def build(
    landscapes: Sequence[Landscape],
    spec_summary: SpecSummary,
    provenance: Provenance,
    rng: np.random.Generator,
    settings: AnalysisSettings | None = None,
    *,
    supplements: Mapping[GroupKey, Supplement] | None = None,
) -> RobustnessReport:
    """Analyse ``landscapes``: rules tables, paired comparisons and verdicts in words.

    Works on partial results too: a scalar whose coverage is below 90 % has no value and says so.

    Args:
        landscapes: any number, keyed by (problem, direction, rule).
        spec_summary: what was asked.
        provenance: what ran it.
        rng: draws the bootstrap resamples; the same state gives the same report.
        settings: choices of the analysis.
        supplements: by (problem, direction): learning curves and importances to show with it.

    Raises:
        LandscapeError: no landscape, one key twice, or rules of a group on different grids.
    """
    chosen = settings or AnalysisSettings()
    members_of = grouped(landscapes)
    counted_of = [[distinct_seeds(m) for m in members] for members in members_of]
    beside = supplements or {}
    groups = tuple(
        _group(members, counted, chosen, rng, beside.get(members[0].key.group, Supplement()))
        for members, counted in zip(members_of, counted_of, strict=True)
    )
    return RobustnessReport(
        verdicts=verdicts(groups),
        notes=notes(groups),
        study=spec_summary,
        provenance=provenance,
        settings=chosen,
        groups=groups,
        across=_across(counted_of, chosen, rng),
    )


def _across(
    groups: Sequence[Sequence[Landscape]], settings: AnalysisSettings, rng: np.random.Generator
) -> tuple[AcrossReport, ...]:
    """Aggregate over problems with enough results, direction by direction."""
    by_direction: dict[str, dict[str, Problem]] = {}
    for members in groups:
        context = group_context(members, settings)
        if context is not None and all(map(is_covered, members)):
            key = members[0].key
            prepared = problem(members, settings, rng)
            by_direction.setdefault(key.direction, {})[key.problem] = prepared
    found = (across(name, problems, settings) for name, problems in by_direction.items())
    return tuple(
        with_charts_across(directed_across(report)) for report in found if report is not None
    )


def grouped(landscapes: Sequence[Landscape]) -> list[list[Landscape]]:
    """Landscapes by (problem, direction), in order of appearance, checked to be comparable."""
    if not landscapes:
        raise LandscapeError("landscapes", "none", "at least one")
    groups: dict[GroupKey, list[Landscape]] = {}
    for landscape in landscapes:
        members = groups.setdefault(landscape.key.group, [])
        if any(m.key == landscape.key for m in members):
            raise LandscapeError("landscapes", f"{landscape.key} twice", "each key once")
        members.append(landscape)
    for members in groups.values():
        _check_comparable(members)
    return list(groups.values())


def _check_comparable(members: Sequence[Landscape]) -> None:
    first = members[0]
    for other in members[1:]:
        if (other.goal, other.cap) != (first.goal, first.cap):
            raise LandscapeError(
                f"goal and cap of {other.key}", (other.goal, other.cap), f"those of {first.key}"
            )
        for name in ("lr", "init_scale"):
            mine, theirs = getattr(first, name), getattr(other, name)
            if len(mine) != len(theirs) or _decades(mine) != _decades(theirs):
                raise LandscapeError(
                    f"{name} of {other.key}",
                    f"{len(theirs)} points over {_decades(theirs)} decades",
                    f"{len(mine)} over {_decades(mine)}, as {first.key}: equal decades and counts",
                )


def _decades(axis: Floats) -> float:
    return round(float(np.log10(axis[-1] / axis[0])), 6)


def group_context(members: Sequence[Landscape], settings: AnalysisSettings) -> Context | None:
    """Tolerance and best cost of a group; ``None`` while no trial has learnt anything."""
    levels = Levels.of(members, settings)
    once = (best_costs(m, np.ones((1, len(m.seeds)))) for m in members)
    best = float(np.fmin.reduce(list(once))[0])
    if not best < levels.cap:
        return None
    return Context(float(levels.tolerance(np.array(best))), best, settings.level)


def _group(
    members: Sequence[Landscape],
    counted: Sequence[Landscape],
    settings: AnalysisSettings,
    rng: np.random.Generator,
    beside: Supplement,
) -> GroupReport:
    first = members[0]
    context = group_context(counted, settings)
    # Without a tolerance no basin exists; NaN lets every other row through.
    usable = context or Context(float("nan"), float("nan"), settings.level)
    draws = _draws(counted, settings, rng)
    evaluated = evaluate(counted, draws, usable, Levels.of(counted, settings))
    made = GroupReport(
        problem=first.key.problem,
        direction=first.key.direction,
        goal_metric=first.goal.metric,
        minimize=first.goal.minimize,
        goal_unit=first.goal.unit,
        target=first.goal.target,
        cap=first.cap,
        tolerance=context.tolerance if context else None,
        standard_init=float(first.init_scale[np.argmin(np.abs(np.log(first.init_scale)))]),
        lr_range=(float(first.lr[0]), float(first.lr[-1])),
        init_range=(float(first.init_scale[0]), float(first.init_scale[-1])),
        rules=tuple(_rule(m, e, usable) for m, e in zip(members, evaluated, strict=True)),
        comparisons=compare(evaluated, usable, settings, rng),
        curves=(
            *(curve for e in evaluated for curve in e.curves),
            *beside.curves,
        ),
        importances=beside.importances,
    )
    return with_charts(directed(made))


def _draws(
    members: Sequence[Landscape], settings: AnalysisSettings, rng: np.random.Generator
) -> dict[tuple[int, ...], Floats]:
    """One set of draws for each set of seeds, so that rules on the same seeds stay paired."""
    draws: dict[tuple[int, ...], Floats] = {}
    for member in members:
        if member.seeds not in draws:
            draws[member.seeds] = seed_counts(len(member.seeds), settings.resamples, rng)
    return draws


def _rule(ran: Landscape, evaluated: Resampled, context: Context) -> RuleReport:
    landscape = evaluated.landscape
    return RuleReport(
        rule=ran.key.rule,
        seeds=ran.seeds,
        repeats=landscape.repeated,
        trials=ran.loss.size,
        results=int(ran.present.sum()),
        diverged=int(ran.diverged.sum()),
        scalars={
            row.name: scalar(
                row, landscape, evaluated.point[row.name], evaluated.samples[row.name], context
            )
            for row in rows_of(landscape)
        },
    )
