"""Points from CMA-ES, whose state is rebuilt each round from the generations before."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from cmaes import CMA

from gofau_studies.arrays import Floats
from gofau_studies.landscape.observations import Observation
from gofau_studies.spec.space import Point, Space

SIGMA = 1.0 / 6.0
"""First step size in the unit cube, as in Optuna's sampler."""


def propose(
    space: Space,
    observed: Sequence[Observation],
    count: int,
    *,
    seed: int,
    batch: int,
    minimize: bool,
) -> list[Point]:
    """``count`` points of the next generation: one generation a round, of ``batch`` points.

    The search starts at the best point known at submission. Generations are told as they were
    recorded, so the state is a function of the arguments; only the new draws use ``seed``.

    Source: Hansen & Ostermeier, "Completely derandomized self-adaptation in evolution
    strategies", Evolutionary Computation 9:159 (2001).
    """
    costs = _costs(observed, minimize)
    cube = space.cube([one.point for one in observed])
    start = [i for i, one in enumerate(observed) if one.round == 0]
    search = CMA(
        mean=cube[min(start, key=lambda i: costs[i])],
        sigma=SIGMA,
        bounds=np.tile([0.0, 1.0], (len(space.names), 1)),
        seed=seed,
        population_size=batch,
    )
    later = [i for i, one in enumerate(observed) if one.round > 0]
    for _, generation in groupby(later, key=lambda i: observed[i].round):
        search.tell([(cube[i], float(costs[i])) for i in generation])
    return space.points(np.array([search.ask() for _ in range(count)]))


def _costs(observed: Sequence[Observation], minimize: bool) -> Floats:
    """Values as costs; a point that gave none counts as the worst."""
    sign = 1.0 if minimize else -1.0
    known = [sign * one.value for one in observed if one.value is not None]
    worst = max(known, default=0.0)
    return np.array([worst if one.value is None else sign * one.value for one in observed])
