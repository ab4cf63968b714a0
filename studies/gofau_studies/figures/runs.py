"""Where a line breaks."""

from collections.abc import Sequence

import numpy as np


def runs(values: Sequence[float | None]) -> list[list[int]]:
    """Indices of consecutive values that are there: a line breaks where one is absent."""
    there = [v is not None for v in values]
    starts = np.flatnonzero(np.diff([0, *there, 0]) == 1)
    stops = np.flatnonzero(np.diff([0, *there, 0]) == -1)
    return [list(range(a, b)) for a, b in zip(starts, stops, strict=True)]
