"""Trials in the order of a number."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

Key = tuple[float, int]
"""Where a page ends: the number sorted by and, among equals, the trial's index."""


@dataclass(frozen=True)
class Ordered:
    """Trials that have a number, by (number, index): their indexes and their numbers."""

    index: Integers
    numbers: Floats

    @classmethod
    def of(cls, values: Floats) -> Self:
        """The order of an array by index, whose NaN are left out."""
        at = np.flatnonzero(~np.isnan(values))
        order = np.argsort(values[at], kind="stable")
        return cls(at[order], values[at[order]])

    def including(self, index: Integers, numbers: Floats) -> Self:
        """The order with a few more trials in it."""
        order = np.lexsort((index, numbers))
        index, numbers = index[order], numbers[order]
        places = [
            self._place((n, i)) for i, n in zip(index.tolist(), numbers.tolist(), strict=True)
        ]
        return type(self)(
            np.insert(self.index, places, index), np.insert(self.numbers, places, numbers)
        )

    def after(self, key: Key | None, descending: bool) -> Integers:
        """Indexes of the trials that follow a place, or of all, in order."""
        if descending:
            end = len(self.index) if key is None else self._place(key)
            return self.index[:end][::-1]
        return self.index if key is None else self.index[self._place((key[0], key[1] + 1)) :]

    def _place(self, key: Key) -> int:
        """How many come before a place."""
        first = int(np.searchsorted(self.numbers, key[0], "left"))
        last = int(np.searchsorted(self.numbers, key[0], "right"))
        return first + int(np.searchsorted(self.index[first:last], key[1]))
