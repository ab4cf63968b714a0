"""Landscapes with everything that is resampled of them, worked out side by side."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from gofau_studies.arrays import Floats, Indices
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.report.curves import curves
from gofau_studies.report.levels import Levels, best_costs, each_seed
from gofau_studies.report.mean_maps import OnMaps, chunks, on_same_maps
from gofau_studies.report.model import Curve
from gofau_studies.report.row import Context, Evaluate, is_covered
from gofau_studies.report.rows import rows_of
from gofau_studies.statistics.bootstrap import distinct

Values = dict[str, Floats]


@dataclass(frozen=True)
class Resampled:
    """One landscape with the values of each of its rows, by name, and its curves.

    Args:
        point: ``[1]`` value with every seed once.
        each: ``[S]`` values on each seed alone.
        samples: ``[R]`` values on the bootstrap's resamples.
    """

    landscape: Landscape
    point: Mapping[str, Floats]
    each: Mapping[str, Floats]
    samples: Mapping[str, Floats]
    curves: tuple[Curve, ...]


Draws = Mapping[tuple[int, ...], Floats]


def evaluate(
    members: Sequence[Landscape], draws: Draws, context: Context, levels: Levels
) -> list[Resampled]:
    """Rows and curves of every member of a group, as many at a time as there are processors.

    Args:
        draws: ``[R, S]`` draws by set of seeds.
        context: of the real seeds.
        levels: how the context of every resample follows from the best cost in it.
    """
    # Arrays are worked on without the interpreter's lock, so threads do run side by side.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        resampled = _resampled_context(pool, members, draws, levels)
        repeats = {seeds: resampled.distinct(counts) for seeds, counts in draws.items()}
        alone = each_seed(members)
        started = []
        for m in members:
            each = levels.context(np.array([alone[seed] for seed in m.seeds]))
            samples = _start(pool, m, draws[m.seeds], resampled, repeats[m.seeds])
            few = pool.submit(_few, m, context, each)
            drawn = pool.submit(curves, m, draws[m.seeds], context.level)
            started.append((m, few, samples, drawn))
        return [
            Resampled(m, *few.result(), samples(), drawn.result())
            for m, few, samples, drawn in started
        ]


def evaluate_rows(landscape: Landscape, counts: Floats, context: Context) -> Values:
    """What every row's own ``evaluate`` gives, those on mean maps from the same maps."""
    mapped, others = _parted(landscape)
    rows, seen, which = context.distinct(counts)
    on_maps = on_same_maps(mapped, landscape, rows, seen)
    found = {name: values[which] for name, values in on_maps.items()}
    return found | {name: one(landscape, counts, context) for name, one in others.items()}


def _resampled_context(
    pool: Executor, members: Sequence[Landscape], draws: Draws, levels: Levels
) -> Context:
    """The context of each joint resample: its level is that of the rules as they are drawn."""
    if not any(map(is_covered, members)):  # nothing will be resampled
        return levels.context(np.full(len(next(iter(draws.values()))), np.nan))
    started = []
    for m in members:
        rows, which = distinct(draws[m.seeds])
        parts = chunks(m, len(rows), os.cpu_count() or 1)
        started.append((which, [pool.submit(best_costs, m, rows[part]) for part in parts]))
    bests = [np.concatenate([part.result() for part in ps])[which] for which, ps in started]
    return levels.context(np.asarray(np.fmin.reduce(bests)))


def _few(landscape: Landscape, context: Context, each: Context) -> tuple[Values, Values]:
    """Values with every seed once, and on each seed alone."""
    n_seeds = len(landscape.seeds)
    if not is_covered(landscape):
        return _nothing(landscape, 1), _nothing(landscape, n_seeds)
    return (
        evaluate_rows(landscape, np.ones((1, n_seeds)), context),
        evaluate_rows(landscape, np.eye(n_seeds), each),
    )


def _start(
    pool: Executor,
    landscape: Landscape,
    counts: Floats,
    context: Context,
    repeats: tuple[Floats, Context, Indices],
) -> Callable[[], Values]:
    """Set the pool to work on every row, and return what waits for it."""
    if not is_covered(landscape):  # no number will be given, so none is resampled
        return lambda: _nothing(landscape, 1)
    mapped, others = _parted(landscape)
    rows, seen, which = repeats
    parts: list[Future[Values]] = [
        pool.submit(on_same_maps, mapped, landscape, rows[part], seen.at(part))
        for part in chunks(landscape, len(rows), os.cpu_count() or 1)
    ]
    apart = {name: pool.submit(one, landscape, counts, context) for name, one in others.items()}

    def wait() -> Values:
        done = [part.result() for part in parts]
        found = {name: np.concatenate([part[name] for part in done])[which] for name in mapped}
        return found | {name: future.result() for name, future in apart.items()}

    return wait


def _parted(landscape: Landscape) -> tuple[dict[str, OnMaps], dict[str, Evaluate]]:
    """Rows that are statistics of mean maps, and all others."""
    mapped: dict[str, OnMaps] = {}
    others: dict[str, Evaluate] = {}
    for row in rows_of(landscape):
        one = row.evaluate
        if isinstance(one, OnMaps) and one.serves(landscape):
            mapped[row.name] = one
        else:
            others[row.name] = one
    return mapped, others


def _nothing(landscape: Landscape, length: int) -> Values:
    return {row.name: np.full(length, np.nan) for row in rows_of(landscape)}
