"""One row of the rules table: how a number is evaluated, named, censored and given an interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gofau_studies.arrays import Floats, Indices
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.facts import facts_of
from gofau_studies.metrics.grid import Grid, coverage
from gofau_studies.metrics.scalar import ALIKE, ONE_SEED, REPEATED, Scalar, enough, sampled_interval
from gofau_studies.protocol.trial_facts import Way
from gofau_studies.statistics.bootstrap import distinct
from gofau_studies.statistics.intervals import agreed


@dataclass(frozen=True, eq=False)
class Context:
    """What a row needs beyond its landscape: tolerance and best cost of the group.

    Both come from results, so where seeds are resampled they are numbers ``[R]``, one a resample
    of all rules at once; a plain number serves every resample.
    """

    tolerance: Floats | float
    shared_best: Floats | float
    level: float = 0.95

    def at(self, part: slice | Indices) -> "Context":
        """The context of some of the resamples."""
        return Context(_taken(self.tolerance, part), _taken(self.shared_best, part), self.level)

    def distinct(self, counts: Floats) -> tuple[Floats, "Context", Indices]:
        """Each resample ``counts[R, S]`` in its context once, and which of those each one is."""
        rows, which = distinct(counts)
        if len(rows) == len(counts):
            return counts, self, np.arange(len(counts))
        of_draw = [np.broadcast_to(v, len(counts)) for v in (self.tolerance, self.shared_best)]
        keys = np.stack([which, *of_draw], axis=-1)
        _, first, which = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        return counts[first], self.at(first), which


def _taken(values: Floats | float, part: slice | Indices) -> Floats | float:
    return values[part] if isinstance(values, np.ndarray) else values


Evaluate = Callable[[Landscape, Floats, Context], Floats]
Censor = Callable[[Landscape, Context], tuple[str, ...]]


def no_censor(landscape: Landscape, context: Context) -> tuple[str, ...]:
    """For rows that no border can bound."""
    return ()


def always(landscape: Landscape) -> bool:
    """For rows that every landscape has."""
    return True


@dataclass(frozen=True)
class Row:
    """One number of every rule.

    ``evaluate`` maps a landscape and seed draws ``[R, S]`` to ``[R]`` values. ``better`` and
    ``unit`` are of these values as `gofau_studies.metrics.facts.facts_of` reads them. ``more`` and
    ``less`` say in a verdict what a positive or a negative difference means; a row without them
    describes a rule and is not compared.
    ``is_rate`` says that it is a share of trials, ``is_counted`` that seeds may well agree on it
    to the last digit.
    """

    name: str
    title: str
    doc: str
    evaluate: Evaluate
    better: Way
    unit: str
    more: str = ""
    less: str = ""
    censor: Censor = no_censor
    is_rate: bool = False
    is_counted: bool = False
    applies: Callable[[Landscape], bool] = always


def is_covered(landscape: Landscape) -> bool:
    """Whether enough of the grid has results for numbers to be given."""
    return enough(coverage(landscape.present, Grid.of(landscape)))


def unit_of(row: Row, landscape: Landscape) -> str:
    """The unit in words."""
    goal = landscape.goal
    both = len(landscape.lr) > 1 and len(landscape.init_scale) > 1
    found = row.better, row.unit
    return facts_of(found, minimize=goal.minimize, metric_unit=goal.shown_unit, both_axes=both).unit


def scalar(
    row: Row, landscape: Landscape, point: Floats, samples: Floats, context: Context
) -> Scalar:
    """The scalar of one row: its ``point[1]`` and the interval of its bootstrap ``samples[R]``."""
    n_seeds = len(landscape.seeds)
    interval = sampled_interval(samples, n_seeds, context.level)
    alike = interval is not None and interval.is_flat(abs(interval.high))
    if alike:
        interval = agreed(float(point[0]), (0, 1), n_seeds, context.level) if row.is_rate else None
    return Scalar.measured(
        float(point[0]),
        interval,
        coverage(landscape.present, Grid.of(landscape)),
        n_seeds,
        censored=row.censor(landscape, context),
        bound="≤" if _bounds_from_above(row, landscape) else "≥",
        unit=unit_of(row, landscape),
        level=context.level,
        why=ALIKE if alike else why_one_seed(landscape),
    )


def why_one_seed(landscape: Landscape) -> str:
    """Why a landscape of one seed, or of one that all others repeat, gives no interval."""
    ran = len(landscape.seeds) + len(landscape.repeated)
    return ONE_SEED if ran == 1 else REPEATED.format(ran=ran)


def _bounds_from_above(row: Row, landscape: Landscape) -> bool:
    """A best value at the border can only get better outside: lower when minimized."""
    return row.better == "goal" and landscape.goal.minimize
