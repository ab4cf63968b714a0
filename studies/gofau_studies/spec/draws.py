"""Points that depend on nothing but the search's seed."""

from math import ceil, log2

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.spec.search import Search
from gofau_studies.spec.space import Point, Space


def at_submission(search: Search, space: Space) -> list[Point]:
    """The points of every arm that are known when a study is submitted.

    An adaptive sampler starts from a Sobol sequence; all rules share these points, so that they
    are compared in pairs. A larger budget begins with the points of a smaller one.
    """
    draw = random_cube if search.sampler == "random" else sobol_cube
    return space.points(draw(search.at_submission, len(space.names), search.seed))


def random_cube(count: int, dimensions: int, seed: int) -> Floats:
    """``[N, D]`` independent uniform points."""
    return np.random.default_rng(seed).random((count, dimensions))


def sobol_cube(count: int, dimensions: int, seed: int, skip: int = 0) -> Floats:
    """``[N, D]`` points of a scrambled Sobol sequence, from number ``skip`` on.

    Source: Owen, "Scrambling Sobol' and Niederreiter-Xing points", J. Complexity 14:466 (1998).
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(seed))
    power = ceil(log2(max(count + skip, 2)))
    return np.asarray(sequence.random_base2(power)[skip : skip + count])
