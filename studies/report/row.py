"""One row of the rules table: how a number is evaluated, named, censored and given an interval."""

from collections.abc import Callable
from dataclasses import dataclass

from studies.landscape import Floats, Landscape
from studies.metrics.facts import ROBUSTNESS, facts_of
from studies.metrics.grid import Grid, coverage
from studies.metrics.scalar import Scalar, enough, sampled_interval
from studies.statistics.intervals import Interval


@dataclass(frozen=True)
class Context:
    """What a row needs beyond its landscape: tolerance and best cost of the group, level."""

    tolerance: float
    shared_best: float
    level: float = 0.95


Evaluate = Callable[[Landscape, Floats, Context], Floats]
Censor = Callable[[Landscape, Context], tuple[str, ...]]
IntervalOf = Callable[[Landscape, Context], Interval]


def no_censor(landscape: Landscape, context: Context) -> tuple[str, ...]:
    """For rows that no border can bound."""
    return ()


def always(landscape: Landscape) -> bool:
    """For rows that every landscape has."""
    return True


@dataclass(frozen=True)
class Row:
    """One number of every rule.

    ``evaluate`` maps a landscape and seed draws ``[R, S]`` to ``[R]`` values, whose direction and
    unit stand in `studies.metrics.facts`. ``more`` and ``less`` say in a verdict what a positive
    or a negative difference means; a row without them describes a rule and is not compared.
    ``closed_form`` replaces the bootstrap interval.
    """

    name: str
    title: str
    doc: str
    evaluate: Evaluate
    more: str = ""
    less: str = ""
    censor: Censor = no_censor
    closed_form: IntervalOf | None = None
    applies: Callable[[Landscape], bool] = always


def is_covered(landscape: Landscape) -> bool:
    """Whether enough of the grid has results for numbers to be given."""
    return enough(coverage(landscape.present, Grid.of(landscape)))


def unit_of(row: Row, landscape: Landscape) -> str:
    """The unit in words."""
    goal = landscape.goal
    both = len(landscape.lr) > 1 and len(landscape.init_scale) > 1
    found = ROBUSTNESS[row.name]
    return facts_of(found, minimize=goal.minimize, metric_unit=goal.shown_unit, both_axes=both).unit


def scalar(
    row: Row, landscape: Landscape, point: Floats, samples: Floats, context: Context
) -> Scalar:
    """The scalar of one row: its ``point[1]`` and the interval of its bootstrap ``samples[R]``."""
    n_seeds = len(landscape.seeds)
    interval = (
        sampled_interval(samples, n_seeds, context.level)
        if row.closed_form is None
        else row.closed_form(landscape, context)
    )
    return Scalar.measured(
        float(point[0]),
        interval,
        coverage(landscape.present, Grid.of(landscape)),
        n_seeds,
        censored=row.censor(landscape, context),
        bound="≤" if _bounds_from_above(row, landscape) else "≥",
        unit=unit_of(row, landscape),
        level=context.level,
    )


def _bounds_from_above(row: Row, landscape: Landscape) -> bool:
    """A best value at the border can only get better outside: lower when minimized."""
    return row.name.startswith("best") and landscape.goal.minimize
