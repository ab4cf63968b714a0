"""What the rows of the rules table are evaluated with, on resampled seeds."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.grid import Grid
from gofau_studies.report.mean_maps import OfMaps, OnMaps
from gofau_studies.report.row import Context

T = TypeVar("T")


class Once(Generic[T]):
    """What several rows each take a part of, worked out for the first of them that asks.

    Args:
        work: from a landscape, seed draws ``[R, S]`` and a context, as `Evaluate` takes them.
    """

    def __init__(self, work: Callable[[Landscape, Floats, Context], T]) -> None:
        self._work = work
        self._known: WeakKeyDictionary[Landscape, tuple[Floats, Context, T]] = WeakKeyDictionary()
        self._turn = threading.Lock()

    def __call__(self, landscape: Landscape, counts: Floats, context: Context) -> T:
        """The result for these very draws and this very context."""
        with self._turn:
            known = self._known.get(landscape)
            if known is None or known[0] is not counts or known[1] is not context:
                made = self._work(landscape, counts, context)
                known = self._known[landscape] = counts, context, made
            return known[2]


def cost_of(landscape: Landscape) -> Floats:
    """The costs whose means are the maps."""
    return landscape.cost


def _standard_column(landscape: Landscape) -> Floats:
    return landscape.cost[:, Grid.of(landscape).standard_init]


def on_maps(statistic: OfMaps) -> OnMaps:
    """Evaluate a statistic of ``[B, L, I]`` mean cost maps."""
    return OnMaps(cost_of, statistic)


def on_curves(statistic: OfMaps) -> OnMaps:
    """Evaluate a statistic of ``[B, L]`` mean cost curves at the standard init."""
    return OnMaps(_standard_column, statistic)


def below_cap(level: Floats | float, best: Floats, landscape: Landscape) -> Floats:
    """A basin's level for each best cost; NaN where diverged cells would count as good."""
    return np.where(level < landscape.cost_cap, np.broadcast_to(level, best.shape), np.nan)
