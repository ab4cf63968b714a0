"""One direction over several problems: M6, M7 and M8 for every rule."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studies.landscape import Floats, Landscape
from studies.metrics.across import hyperparameter_sensitivity, normalised_score
from studies.metrics.aggregate import (
    interquartile_mean,
    optimality_gap,
    resampled_improvement,
)
from studies.metrics.grid import Grid, coverage, weighted_mean
from studies.metrics.profiles import profile, profile_score, ratios
from studies.metrics.scalar import Scalar, sampled_interval
from studies.metrics.time_to_target import fastest
from studies.report.model import AcrossReport, AcrossRule, AnalysisSettings, Curve, CurveKind
from studies.report.row import Context
from studies.statistics.bootstrap import blocks, resampled_means

Indices = NDArray[np.int64]

PROFILE_FACTORS = np.linspace(1.0, 4.0, 61)


@dataclass(frozen=True, eq=False)
class Problem:
    """All rules of one problem, its scale, and the seed draws of each set of seeds.

    Draws are indices ``[R, S]``, row 0 the seeds themselves; rules on the same seeds share them.
    ``drawn`` holds the same as how often each seed is drawn.
    """

    members: Mapping[str, Landscape]
    best: float
    draws: Mapping[tuple[int, ...], Indices]
    drawn: Mapping[tuple[int, ...], Floats]

    def order(self, rule: str) -> Indices:
        """Drawn seed indices ``[R, S]`` of a rule."""
        return self.draws[self.members[rule].seeds]

    def counts(self, rule: str) -> Floats:
        """How often each seed is drawn, ``[R, S]``, of a rule."""
        return self.drawn[self.members[rule].seeds]

    def scores(self, rule: str) -> Floats:
        """``[S]`` the mean score over the grid of each of a rule's runs."""
        member = self.members[rule]
        flat = member.cost.reshape(-1, member.shape[2]).T
        mean = weighted_mean(flat, Grid.of(member).weights.ravel())
        return normalised_score(mean, self.best, member.cost_cap)


@dataclass(frozen=True, eq=False)
class Sampled:
    """Values of one rule for the real seeds (row 0) and each resample, or why there are none."""

    values: Floats | None
    reason: str = ""


def problem(
    members: Sequence[Landscape],
    context: Context,
    settings: AnalysisSettings,
    rng: np.random.Generator,
) -> Problem:
    """Prepare a group for `across`."""
    draws: dict[tuple[int, ...], Indices] = {}
    for member in members:
        if member.seeds not in draws:
            n = len(member.seeds)
            drawn = rng.integers(n, size=(settings.resamples, n))
            draws[member.seeds] = np.concatenate([np.arange(n)[None], drawn])
    counts = {seeds: _counted(order) for seeds, order in draws.items()}
    return Problem({m.key.rule: m for m in members}, context.shared_best, draws, counts)


def _counted(order: Indices) -> Floats:
    """How often each seed is in each row of ``order[R, S]``."""
    rows, n_seeds = order.shape
    flat = (order + n_seeds * np.arange(rows)[:, None]).ravel()
    return np.bincount(flat, minlength=order.size).reshape(order.shape).astype(np.float64)


def across(
    direction: str, problems: Mapping[str, Problem], settings: AnalysisSettings
) -> AcrossReport | None:
    """Aggregate one direction; ``None`` for fewer than two problems or no common rule.

    Scores are normalised per problem: 0 is the cap, 1 the best cell of any rule. A run's score is
    the mean over the grid, so that no cell is picked after the fact.
    """
    tables = list(problems.values())
    rules = _common(tables)
    if len(tables) < 2 or not rules:
        return None
    base = settings.baseline if settings.baseline in rules else rules[0]
    speeds = _speeds(tables, rules)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        samples = dict(
            zip(rules, pool.map(lambda rule: _samples(tables, rule, base), rules), strict=True)
        )
    if speeds is not None:
        for at, rule in enumerate(rules):
            samples[rule]["profile_score"] = Sampled(profile_score(speeds[:, at]))
    return AcrossReport(
        direction=direction,
        problems=tuple(problems),
        baseline=base,
        rules=tuple(
            AcrossRule(
                rule=rule,
                scalars={
                    name: _scalar(sampled, tables, rule, settings)
                    for name, sampled in samples[rule].items()
                },
            )
            for rule in rules
        ),
        profiles=_profiles(speeds, rules),
    )


def _samples(tables: Sequence[Problem], rule: str, base: str) -> dict[str, Sampled]:
    found = {"hyperparameter_sensitivity": _shared_setting(tables, rule)}
    if _are_unequal(tables, rule) or _are_unequal(tables, base):
        unequal = Sampled(None, "the problems ran different numbers of seeds")
        found |= dict.fromkeys(("iqm", "optimality_gap", "probability_of_improvement"), unequal)
    else:
        runs = np.stack([t.scores(rule)[t.order(rule)] for t in tables], axis=-1)
        found["iqm"] = Sampled(interquartile_mean(runs))
        found["optimality_gap"] = Sampled(optimality_gap(runs))
        found["probability_of_improvement"] = Sampled(_improvement(tables, rule, base))
    return found


def _are_unequal(tables: Sequence[Problem], rule: str) -> bool:
    """Whether the problems ran different numbers of seeds of a rule."""
    return len({len(t.members[rule].seeds) for t in tables}) > 1


def _improvement(tables: Sequence[Problem], rule: str, base: str) -> Floats:
    return resampled_improvement(
        [t.scores(rule) for t in tables],
        [t.scores(base) for t in tables],
        [t.counts(rule) for t in tables],
        [t.counts(base) for t in tables],
    )


def _common(tables: Sequence[Problem]) -> list[str]:
    return [r for r in tables[0].members if all(r in t.members for t in tables)]


def _shared_setting(tables: Sequence[Problem], rule: str) -> Sampled:
    members = [t.members[rule] for t in tables]
    first = members[0]
    same = all(
        np.array_equal(m.lr, first.lr) and np.array_equal(m.init_scale, first.init_scale)
        for m in members
    )
    if not same:
        return Sampled(None, "the problems ran different grids")
    return Sampled(np.concatenate(_sensitivities(tables, rule)))


def _sensitivities(tables: Sequence[Problem], rule: str) -> list[Floats]:
    members = [t.members[rule] for t in tables]
    cells = members[0].lr.size * members[0].init_scale.size
    parts = [list(blocks(t.counts(rule), cells)) for t in tables]
    found = []
    for rows in zip(*parts, strict=True):
        scores = [
            normalised_score(resampled_means(_cells(m), counts), t.best, m.cost_cap)
            for m, counts, t in zip(members, rows, tables, strict=True)
        ]
        # The sums over problems go through memory in order where these come first in it.
        found.append(hyperparameter_sensitivity(np.moveaxis(np.stack(scores), 0, -1)))
    return found


def _cells(member: Landscape) -> Floats:
    return member.cost.reshape(-1, member.shape[2])


def _speeds(tables: Sequence[Problem], rules: Sequence[str]) -> Floats | None:
    """``[R, M, P]`` ratios to the fastest rule; ``None`` where steps were not recorded."""
    if any(t.members[r].steps_to_target is None for t in tables for r in rules):
        return None
    times = np.array([[_times(t, rule) for t in tables] for rule in rules])
    return np.moveaxis(ratios(times.reshape(len(rules), -1)).reshape(times.shape), -1, 0)


def _times(table: Problem, rule: str) -> Floats:
    """``[R]`` median steps at the rule's fastest cell."""
    member = table.members[rule]
    steps = np.where(member.present, np.asarray(member.steps_to_target), np.nan)
    return fastest(steps, table.counts(rule))


def _profiles(speeds: Floats | None, rules: Sequence[str]) -> tuple[Curve, ...]:
    if speeds is None:
        return ()
    heights = profile(speeds[0], PROFILE_FACTORS)
    return tuple(
        Curve(
            kind=CurveKind.PROFILE,
            rule=rule,
            x=tuple(map(float, PROFILE_FACTORS)),
            value=tuple(map(float, row)),
        )
        for rule, row in zip(rules, heights, strict=True)
    )


def _scalar(
    sampled: Sampled, tables: Sequence[Problem], rule: str, settings: AnalysisSettings
) -> Scalar:
    members = [t.members[rule] for t in tables]
    covered = min(coverage(m.present, Grid.of(m)) for m in members)
    n_seeds = min(m.shape[2] for m in members)
    if sampled.values is None:
        return Scalar.withheld(covered, n_seeds, sampled.reason)
    interval = sampled_interval(sampled.values[1:], n_seeds, settings.level)
    point = float(sampled.values[0])
    return Scalar.measured(point, interval, covered, n_seeds, level=settings.level)
