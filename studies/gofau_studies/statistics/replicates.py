"""Seeds that repeat each other to the last bit, which are no replicates."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Self

import numpy as np

from gofau_studies.arrays import Bools, Floats, Ints
from gofau_studies.landscape.landscape import Landscape, OutcomeCode

MOST_EXAMPLES = 1000
"""A number that is this many's share or fewer's may be a count of examples, as accuracies are."""

COINCIDENCES = 5
"""So many agreements of counts are none by chance."""

AGREEING = 4e-7
"""Shares of examples are told from other numbers in single precision."""

ROUNDING = 1e-6
"""A loss this near to the cap, relatively, has learnt nothing: models that don't often agree."""


def repeats(landscape: Landscape) -> tuple[int, ...]:
    """Seeds whose results another seed has, bit by bit, in every cell that both have a result of.

    A seed that repeats others tells nothing about the spread over seeds: the problem takes nothing
    from the seed, or the seed never reached it. Of each set of equals the seed with the most
    results stands for all, the first of several.

    Only losses tell: that every trial of two seeds diverged says that both diverge. Counts, such as
    an accuracy on few examples, may agree by chance, so a handful of them must.
    """
    merged = [s for group in _classes(landscape) for s in group[1:]]
    return tuple(landscape.seeds[s] for s in sorted(merged))


def distinct_seeds(landscape: Landscape) -> Landscape:
    """The landscape without its `repeats`."""
    gone = repeats(landscape)
    if not gone:
        return landscape
    kept = landscape.with_seeds(seed for seed in landscape.seeds if seed not in gone)
    return replace(kept, repeated=gone)


def _classes(landscape: Landscape) -> list[list[int]]:
    """Places of seeds that repeat each other, the one that stands for all of them first."""
    results = landscape.present.sum(axis=(0, 1))
    table = Table.of(landscape)
    classes: list[list[int]] = []
    for s in sorted(range(len(results)), key=lambda s: (-results[s], s)):
        home = next((c for c in classes if table.agree(c[0], s)), None)
        if home is None:
            classes.append([s])
        else:
            home.append(s)
    return [c for c in classes if table.are_no_coincidence(c)]


class Table:
    """What the trials of a landscape came to, as numbers to compare bit by bit.

    Args:
        codes: ``[N, S, F]`` bits of every fact of a trial.
        present: ``[N, S]`` trials that have a result.
        telling: ``[N, S]`` losses, NaN where they tell seeds apart no better than an outcome does.
    """

    def __init__(self, codes: Ints, present: Bools, telling: Floats) -> None:
        self.codes, self.present, self.telling = codes, present, telling

    @classmethod
    def of(cls, landscape: Landscape) -> Self:
        """The table of a grid and the cells that a refinement added."""
        seeds = landscape.shape[2]
        cost = np.concatenate([landscape.cost.reshape(-1, seeds), landscape.added_cost])
        facts = [_whole(landscape, name) for name in ("loss", "outcome")]
        facts += [_on_grid(a, cost) for a in (landscape.steps_to_target,) if a is not None]
        loss, outcome = facts[:2]
        learnt = landscape.cost_cap - cost > ROUNDING * abs(landscape.cost_cap)
        codes = np.stack([fact.view(np.int64) for fact in facts], axis=-1)
        present = outcome != OutcomeCode.MISSING
        return cls(codes, present, np.where(learnt & (loss != 0), loss, np.nan))

    def agree(self, one: int, other: int) -> bool:
        """Whether two seeds have the same facts in every cell of both, and any that tells."""
        both = self.present[:, one] & self.present[:, other]
        same = np.array_equal(self.codes[both, one], self.codes[both, other])
        return same and not np.isnan(self.telling[both, one]).all()

    def are_no_coincidence(self, seeds: Sequence[int]) -> bool:
        """Whether seeds that agree do so too often, or on too exact a number, for chance."""
        known = self.telling[:, seeds[0]]
        values = np.unique(known[~np.isnan(known)])
        needed = COINCIDENCES if all(map(_may_count, values)) else 1
        return len(values) * (len(seeds) - 1) >= needed


def _whole(landscape: Landscape, name: str) -> Floats:
    """``[N, S]`` a fact of the grid's trials, then of the added ones."""
    parts = [landscape, landscape.added] if landscape.added is not None else [landscape]
    arrays = [np.asarray(getattr(part, name), np.float64) for part in parts]
    return _plain(np.concatenate([a.reshape(-1, landscape.shape[2]) for a in arrays]))


def _on_grid(values: Floats, like: Floats) -> Floats:
    """``[N, S]`` a fact of the grid's trials alone."""
    flat = _plain(values.reshape(-1, like.shape[1]))
    return np.concatenate([flat, np.zeros((len(like) - len(flat), like.shape[1]))])


def _plain(values: Floats) -> Floats:
    """The same numbers, with one zero and one NaN."""
    return np.where(np.isnan(values), np.nan, values + 0.0)


def _may_count(value: float) -> bool:
    """Whether a number may be a share of examples, of which there are not too many."""
    share = float(Fraction(float(value)).limit_denominator(MOST_EXAMPLES))
    return abs(share - value) <= AGREEING * abs(value)
