"""Log axes: cell edges and tick labels."""

from math import ceil, floor

import numpy as np

from gofau_studies.arrays import Floats

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def edges(centres: Floats) -> Floats:
    """``[N + 1]`` borders of cells around ``centres[N]``: midpoints, mirrored at the ends.

    A single centre gets half a unit on either side.
    """
    if centres.size == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = (centres[:-1] + centres[1:]) / 2
    ends = 2 * centres[0] - middle[0], 2 * centres[-1] - middle[-1]
    return np.concatenate([[ends[0]], middle, [ends[1]]])


def power(exponent: int) -> str:
    """``10⁻³``."""
    return "10" + str(exponent).translate(SUPERSCRIPTS)


def log_ticks(low: float, high: float, most: int = 7) -> list[tuple[float, str]]:
    """Positions and labels of powers of ten between two decades, at most ``most`` of them.

    A range that holds fewer than two powers is labelled at its ends.
    """
    exponents = range(ceil(low - 1e-9), floor(high + 1e-9) + 1)
    if len(exponents) < 2:
        return [(end, f"{10**end:.3g}") for end in dict.fromkeys((low, high))]
    stride = ceil(len(exponents) / most)
    return [(float(e), power(e)) for e in exponents if e % stride == 0]
