"""Borders of a map's cells."""

import numpy as np

from gofau_studies.arrays import Floats


def edges(centres: Floats) -> Floats:
    """``[N + 1]`` borders of cells around ``centres[N]``: midpoints, mirrored at the ends.

    A single centre gets half a unit on either side.
    """
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = (centres[:-1] + centres[1:]) / 2
    ends = 2 * centres[0] - middle[0], 2 * centres[-1] - middle[-1]
    return np.concatenate([[ends[0]], middle, [ends[1]]])
