"""Both tables under a protocol, with what agrees."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from reproduce.protocol import Case, CellKey, Protocol
from reproduce.published import CASES, DIRECTIONS, PUBLISHED, RULES, RowKey, Table
from reproduce.sampling import Around, Configurations, Floats, draw, draw_around, random_starts
from reproduce.training import ends
from reproduce.tuning import relative_distance, tune

RESAMPLES = 2000
CERTAIN = 0.975
PAIRS = tuple(combinations(range(3), 2))


@dataclass(frozen=True)
class Cell:
    """One rule in one row.

    Args:
        values: final distances (relative in T2), ``[R, n]``: n = 1 in T1.
        capped: the share of trainings that ended further away than they began, or not at a
            number, and count as no progress.
        tuned: the tuned hyperparameters, ``[R]`` by name.
    """

    values: Floats
    capped: float
    tuned: Configurations

    @property
    def mean(self) -> float:
        """Over repetitions and configurations."""
        return float(self.values.mean())

    @property
    def deviation(self) -> float:
        """The sample standard deviation over the same."""
        return float(self.values.std(ddof=1))


@dataclass(frozen=True)
class Row:
    """One row of a table: the cells of the additive, the multiplicative and the hybrid rule."""

    key: RowKey
    cells: tuple[Cell, Cell, Cell]

    @property
    def ours(self) -> tuple[float, ...]:
        """Our three means."""
        return tuple(cell.mean for cell in self.cells)

    @property
    def published(self) -> tuple[float, ...]:
        """The paper's three means."""
        return PUBLISHED[self.key]

    @property
    def agrees(self) -> bool:
        """Whether the three rules come in the paper's order."""
        return order(self.ours) == order(self.published)

    @property
    def pairs_agreeing(self) -> int:
        """How many of the three pairs of rules compare as in the paper."""
        return sum(_same_side(self.ours, self.published, pair) for pair in PAIRS)

    def resampled(self, seed: int = 0) -> Floats:
        """Means of the three rules over bootstrap resamples of the repetitions, ``[B, 3]``."""
        means = np.stack([cell.values.mean(1) for cell in self.cells], -1)
        generator = np.random.Generator(np.random.PCG64(seed))
        picks = generator.integers(len(means), size=(RESAMPLES, len(means)))
        return np.asarray(means[picks].mean(1))

    @property
    def support(self) -> float:
        """The share of the resamples that have the paper's order."""
        ranks = self.resampled().argsort(-1)
        return float((ranks == np.argsort(self.published)).all(-1).mean())

    @property
    def contradictions(self) -> tuple[str, ...]:
        """The pairs that compare against the paper in 97.5 % of the resamples or more."""
        means = self.resampled()
        found = []
        for pair in PAIRS:
            less, more = sorted(pair, key=lambda rule: self.published[rule])
            if (means[:, more] < means[:, less]).mean() >= CERTAIN:
                found.append(f"{RULES[more]} < {RULES[less]}")
        return tuple(found)


def _same_side(ours: tuple[float, ...], other: tuple[float, ...], pair: tuple[int, int]) -> bool:
    i, j = pair
    return (ours[i] < ours[j]) == (other[i] < other[j])


def order(means: tuple[float, ...]) -> str:
    """The rules from the smallest mean to the largest, as in ``hybrid < additive = ...``."""
    ranked = sorted(zip(means, RULES, strict=True))
    text = ranked[0][1]
    for (before, _), (mean, rule) in pairwise(ranked):
        text += f" {'=' if mean == before else '<'} {rule}"
    return text


def rows(protocol: Protocol) -> list[Row]:
    """All 16 rows: the first table, then the second."""
    made = [row for name in CASES for row in _rows_of(protocol, protocol.case(name))]
    return sorted(made, key=lambda row: row.key.table)


def _rows_of(protocol: Protocol, case: Case) -> Iterator[Row]:
    for direction in DIRECTIONS:
        pairs = [cells(protocol, CellKey(case, direction, rule)) for rule in RULES]
        tables: tuple[Table, Table] = ("T1", "T2")
        for i, table in enumerate(tables):
            first, second, third = (pair[i] for pair in pairs)
            yield Row(RowKey(table, case.name, direction), (first, second, third))


def cells(protocol: Protocol, key: CellKey) -> tuple[Cell, Cell]:
    """The cells of both tables."""
    case, steps = key.case, protocol.iterations
    tuned = tune(protocol, key)
    column = {name: value[:, None] for name, value in tuned.items()}
    start = np.broadcast_to(case.start, (protocol.repetitions, 1, 2))
    first = relative_distance(case, start, ends(key, start, column, steps))
    starts, hyper = _second(protocol, key, tuned)
    second = relative_distance(case, starts, ends(key, starts, hyper, steps))
    return _cell(first, tuned, case.distance), _cell(second, tuned, 1.0)


def _second(
    protocol: Protocol, key: CellKey, tuned: Configurations
) -> tuple[Floats, Configurations]:
    """Starts and hyperparameters of the second table, which broadcast to ``[R, C]``."""
    count = protocol.configurations
    if protocol.reading == "starts":
        starts = random_starts(protocol, key, "starts", count)
        return starts, {name: value[:, None] for name, value in tuned.items()}
    fixed = np.broadcast_to(key.case.start, (protocol.repetitions, 1, 2))
    if protocol.reading == "near":
        return fixed, draw_around(protocol, key, Around(tuned, 1.0), count, protocol.rounds)
    return fixed, draw(protocol, key, count)


def _cell(relative: Floats, tuned: Configurations, unit: float) -> Cell:
    return Cell(np.minimum(relative, 1.0) * unit, float((relative > 1).mean()), tuned)


def summary(protocol: Protocol, made: list[Row]) -> dict[str, Any]:
    """Counts and every cell, ready for JSON."""
    return {
        "protocol": protocol.label,
        "iterations": protocol.iterations,
        "configurations": protocol.configurations,
        "repetitions": protocol.repetitions,
        "rows_agreeing": sum(row.agrees for row in made),
        "rows_total": len(made),
        "pairs_agreeing": sum(row.pairs_agreeing for row in made),
        "pairs_contradicting": sum(len(row.contradictions) for row in made),
        "pairs_total": len(PAIRS) * len(made),
        "rows": [_record(row) for row in made],
    }


def _record(row: Row) -> dict[str, Any]:
    cells = {
        rule: {
            "mean": cell.mean,
            "sd": cell.deviation,
            "published_mean": published,
            "capped_share": cell.capped,
            "tuned_median": {name: float(np.median(v)) for name, v in cell.tuned.items()},
        }
        for rule, cell, published in zip(RULES, row.cells, row.published, strict=True)
    }
    return {
        **row.key._asdict(),
        "agrees": row.agrees,
        "order": order(row.ours),
        "published_order": order(row.published),
        "support": row.support,
        "contradictions": list(row.contradictions),
        "cells": cells,
    }
