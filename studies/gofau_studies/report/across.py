"""One direction over several problems: M6, M7 and M8 for every rule."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from gofau_studies.arrays import Floats, Ints
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.across import hyperparameter_sensitivity, normalised_score
from gofau_studies.metrics.aggregate import (
    interquartile_mean,
    optimality_gap,
    resampled_improvement,
)
from gofau_studies.metrics.grid import Grid, coverage, weighted_mean
from gofau_studies.metrics.optimum import best_cost
from gofau_studies.metrics.profiles import profile, profile_score, ratios
from gofau_studies.metrics.scalar import ALIKE, ONE_SEED, Scalar, sampled_interval
from gofau_studies.metrics.time_to_target import fastest
from gofau_studies.report.model import AcrossReport, AcrossRule, AnalysisSettings, Curve, CurveKind
from gofau_studies.report.row import why_one_seed
from gofau_studies.statistics.bootstrap import block_size, bootstrap, resampled_means
from gofau_studies.statistics.intervals import agreed

PROFILE_FACTORS = np.linspace(1.0, 4.0, 61)


@dataclass(frozen=True, eq=False)
class Problem:
    """All rules of one problem, its scale, and the seed draws of each set of seeds.

    Draws are indices ``[R, S]``, row 0 the seeds themselves; rules on the same seeds share them.
    ``drawn`` holds the same as how often each seed is drawn. ``best`` is the lowest cost of any
    rule in each of these joint resamples, NaN where nothing was learnt.
    """

    members: Mapping[str, Landscape]
    best: Floats
    draws: Mapping[tuple[int, ...], Ints]
    drawn: Mapping[tuple[int, ...], Floats]

    def order(self, rule: str) -> Ints:
        """Drawn seed indices ``[R, S]`` of a rule."""
        return self.draws[self.members[rule].seeds]

    def counts(self, rule: str) -> Floats:
        """How often each seed is drawn, ``[R, S]``, of a rule."""
        return self.drawn[self.members[rule].seeds]

    def costs(self, rule: str) -> Floats:
        """``[S]`` the mean cost over the grid of each of a rule's runs."""
        member = self.members[rule]
        flat = member.cost.reshape(-1, member.shape[2]).T
        return weighted_mean(flat, Grid.of(member).weights.ravel())

    def scores(self, rule: str) -> Floats:
        """``[R, S]`` the scores of resampled runs, scaled by the best of the same resample."""
        drawn = self.costs(rule)[self.order(rule)]
        return normalised_score(drawn, self.best, self.members[rule].cost_cap)


@dataclass(frozen=True, eq=False)
class Sampled:
    """Values of one rule for the real seeds (row 0) and each resample, or why there are none.

    ``is_rate`` says that they are a share of runs.
    """

    values: Floats | None
    reason: str = ""
    is_rate: bool = False


def problem(
    members: Sequence[Landscape], settings: AnalysisSettings, rng: np.random.Generator
) -> Problem:
    """Prepare a group for `across`."""
    draws: dict[tuple[int, ...], Ints] = {}
    for member in members:
        if member.seeds not in draws:
            n = len(member.seeds)
            drawn = rng.integers(n, size=(settings.resamples, n))
            draws[member.seeds] = np.concatenate([np.arange(n)[None], drawn])
    counts = {seeds: _counted(order) for seeds, order in draws.items()}
    bests = [bootstrap(_cells(m), counts[m.seeds], _lowest) for m in members]
    best = np.asarray(np.fmin.reduce(bests))
    best[~(best < members[0].cost_cap)] = np.nan
    return Problem({m.key.rule: m for m in members}, best, draws, counts)


def _lowest(means: Floats) -> Floats:
    """``[B]`` the lowest of ``means[B, N]``."""
    return best_cost(means[:, None])


def _counted(order: Ints) -> Floats:
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
        unequal = Sampled(None, _why_unequal(tables, rule, base))
        found |= dict.fromkeys(("iqm", "optimality_gap", "probability_of_improvement"), unequal)
    else:
        runs = np.stack([t.scores(rule) for t in tables], axis=-1)
        known = ~np.isnan(runs).any(axis=(1, 2))
        found["iqm"] = Sampled(np.where(known, interquartile_mean(runs), np.nan))
        found["optimality_gap"] = Sampled(optimality_gap(runs))
        better = _improvement(tables, rule, base)
        # Against itself a rule's chance is one half by definition.
        found["probability_of_improvement"] = Sampled(better, is_rate=rule != base)
    return found


def _are_unequal(tables: Sequence[Problem], rule: str) -> bool:
    """Whether the problems ran different numbers of seeds of a rule."""
    return len({len(t.members[rule].seeds) for t in tables}) > 1


def _why_unequal(tables: Sequence[Problem], *rules: str) -> str:
    if any(t.members[rule].repeated for t in tables for rule in rules):
        return "the problems have different numbers of seeds that do not repeat each other"
    return "the problems ran different numbers of seeds"


def _improvement(tables: Sequence[Problem], rule: str, base: str) -> Floats:
    return resampled_improvement(
        [-t.costs(rule) for t in tables],
        [-t.costs(base) for t in tables],
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
    size = block_size(cells)
    found = []
    for start in range(0, len(tables[0].best), size):
        part = slice(start, start + size)
        scores = [
            normalised_score(
                resampled_means(_cells(m), t.counts(rule)[part]), t.best[part], m.cost_cap
            )
            for m, t in zip(members, tables, strict=True)
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
    why = next((why_one_seed(m) for m in members if m.shape[2] == 1), ONE_SEED)
    if interval is not None and interval.is_flat(abs(interval.high)):
        why = ALIKE
        interval = agreed(point, (0, 1), n_seeds, settings.level) if sampled.is_rate else None
    return Scalar.measured(point, interval, covered, n_seeds, level=settings.level, why=why)
