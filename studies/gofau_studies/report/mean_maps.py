"""Rows that are statistics of mean maps: one set of maps serves all of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import Landscape
from gofau_studies.metrics.maps import Maps
from gofau_studies.report.row import Context, Evaluate
from gofau_studies.statistics.bootstrap import mean_maps, step_size

OfMaps = Callable[[Maps, Landscape, Context], Floats]


@dataclass(frozen=True)
class OnMaps:
    """Evaluates ``statistic`` on the mean maps of resamples, as `Row.evaluate` is asked to.

    Args:
        values_of: ``[..., S]`` values of a landscape whose means are the maps.
        statistic: from a block of maps to ``[B]``.
        with_added: takes over for a landscape with cells that a refinement added.
    """

    values_of: Callable[[Landscape], Floats]
    statistic: OfMaps
    with_added: Evaluate | None = None

    def __call__(self, landscape: Landscape, counts: Floats, context: Context) -> Floats:
        """``[R]`` values for seed draws ``counts[R, S]``."""
        if not self.serves(landscape) and self.with_added is not None:
            return self.with_added(landscape, counts, context)
        rows, seen, which = context.distinct(counts)
        return on_same_maps({"": self}, landscape, rows, seen)[""][which]

    def serves(self, landscape: Landscape) -> bool:
        """Whether maps are all that is needed."""
        return self.with_added is None or landscape.added is None


def on_same_maps(
    wanted: Mapping[str, OnMaps], landscape: Landscape, counts: Floats, context: Context
) -> dict[str, Floats]:
    """Several statistics by name, ``[R]`` each, of maps that are made once.

    Args:
        wanted: those that serve the landscape.
        counts: ``[R, S]`` draws of each seed.
        context: of these resamples.
    """
    found: dict[str, Floats] = {}
    for values_of in dict.fromkeys(row.values_of for row in wanted.values()):
        rows = {name: row for name, row in wanted.items() if row.values_of is values_of}
        parts: dict[str, list[Floats]] = {name: [] for name in rows}
        start = 0
        for block in mean_maps(values_of(landscape), counts):
            maps, here = Maps(block), context.at(slice(start, start + len(block)))
            start += len(block)
            for name, row in rows.items():
                parts[name].append(row.statistic(maps, landscape, here))
        found |= {name: np.concatenate(part) for name, part in parts.items()}
    return found


def chunks(landscape: Landscape, resamples: int, most: int) -> Iterator[slice]:
    """The resamples in up to ``most`` parts, each worth a thread's while."""
    step = step_size(landscape.cost)
    size = step * max(1, -(-resamples // (step * most)))
    for start in range(0, resamples, size):
        yield slice(start, start + size)
