"""Curves with bands: loss over the learning rate, tuning curves, time to target."""

from collections.abc import Sequence

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid
from gofau_studies.metrics.scalar import sampled_intervals
from gofau_studies.metrics.time_to_target import resampled_quantile
from gofau_studies.metrics.tuning import expected_best
from gofau_studies.report.model import Curve, CurveKind
from gofau_studies.statistics.bootstrap import bootstrap, distinct, resampled_means, seed_means

MOST_DRAWS = 50
"""Tuning curves run from one random setting to this many."""


def curves(landscape: Landscape, counts: Floats, level: float) -> tuple[Curve, ...]:
    """Every curve of one rule.

    Args:
        counts: ``[R, S]`` draws of each seed, for the bands.
        level: coverage of the bands.
    """
    found = [goal_curve(landscape, counts, level), tuning_curve(landscape, counts, level)]
    if landscape.steps_to_target is not None and landscape.goal.target is not None:
        found.append(steps_curve(landscape))
    return tuple(found)


def goal_curve(landscape: Landscape, counts: Floats, level: float) -> Curve:
    """Goal metric over the learning rate at the standard init: mean and bootstrap band."""
    column = landscape.goal.sign * landscape.cost[:, Grid.of(landscape).standard_init]
    rows, which = distinct(counts)
    samples = resampled_means(column, rows)[which]
    return _curve(
        landscape,
        CurveKind.GOAL,
        x=landscape.lr,
        value=seed_means(column),
        samples=samples,
        level=level,
    )


def tuning_curve(landscape: Landscape, counts: Floats, level: float) -> Curve:
    """Expected best of 1, 2, ... random settings: mean and bootstrap band (M5)."""
    draws = np.arange(1.0, MOST_DRAWS + 1)
    weights = Grid.of(landscape).weights.ravel()
    flat = landscape.cost.reshape(-1, landscape.shape[2])
    # A band needs far fewer resamples than a 95 % end of a headline number does.
    some = counts[:1000]
    sign = landscape.goal.sign
    value = sign * expected_best(seed_means(flat), weights, draws)
    return _curve(
        landscape,
        CurveKind.TUNING,
        x=draws,
        value=value,
        samples=sign * bootstrap(flat, some, lambda means: expected_best(means, weights, draws)),
        level=level,
    )


def steps_curve(landscape: Landscape) -> Curve:
    """Steps to the target over the learning rate at the standard init: median and quartiles."""
    assert landscape.steps_to_target is not None
    at = Grid.of(landscape).standard_init
    steps = np.where(landscape.present, landscape.steps_to_target, np.nan)[:, at]
    once = np.ones((1, landscape.shape[2]))
    low, mid, high = (resampled_quantile(steps, once, q)[0] for q in (0.25, 0.5, 0.75))
    return Curve(
        kind=CurveKind.STEPS,
        rule=landscape.key.rule,
        x=_plain(landscape.lr),
        value=_plain(mid),
        low=_plain(low),
        high=_plain(high),
    )


def _curve(
    landscape: Landscape,
    kind: CurveKind,
    *,
    x: Floats,
    value: Floats,
    samples: Floats,
    level: float,
) -> Curve:
    ends = sampled_intervals(samples, landscape.shape[2], level)
    return Curve(
        kind=kind,
        rule=landscape.key.rule,
        x=_plain(x),
        value=_plain(value),
        low=tuple(None if end is None else end.low for end in ends),
        high=tuple(None if end is None else end.high for end in ends),
    )


def _plain(values: Sequence[float] | Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(v) else float(v) for v in values)
