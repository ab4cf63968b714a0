"""How often the 95 % seed-bootstrap interval of each row holds the true value.

Landscapes are drawn from a known valley with seed noise in its height, position and edge; the
truth is the row's value on 4,000 seeds. The peers in the same run are the plain percentile
interval, and the interval that resamples every cell's seeds on their own.

Run: OMP_NUM_THREADS=1 python bench/intervals.py [--quick] [--json]
"""

import argparse
import json

import numpy as np

from studies.landscape import Floats, GoalMetric, Landscape, LandscapeKey, OutcomeCode
from studies.report.row import Context
from studies.report.rows import ROWS
from studies.statistics.bootstrap import seed_counts
from studies.statistics.intervals import expanded_level, percentile

NAMES = ("divergence_rate", "basin_volume", "shared_basin_volume", "lr_sensitivity", "best_of_10")
CONTEXT = Context(tolerance=0.2, shared_best=0.1)


def valley(seeds: int, rng: np.random.Generator) -> Landscape:
    """A valley whose seeds share an offset, a shift and an edge, with noise in each trial."""
    lr, init = np.logspace(-4, 1, 11), np.logspace(-1.5, 1.5, 9)
    x, z = np.log10(lr)[:, None, None], np.log10(init)[None, :, None]
    away = x + 1 - z + 0.1 * rng.standard_normal(seeds)
    shape = (11, 9, seeds)
    height = 0.1 + 0.02 * rng.standard_normal(seeds) + 0.02 * rng.standard_normal(shape)
    loss = np.maximum(height + 0.3 * away**2 + 0.1 * z**2, 0.0)
    diverged = away > 1.5 + 0.2 * rng.standard_normal(seeds)
    outcome = np.where(diverged, OutcomeCode.DIVERGED, OutcomeCode.BUDGET_EXHAUSTED)
    return Landscape(
        key=LandscapeKey("valley", "sgd", "additive"),
        goal=GoalMetric("val_loss"),
        lr=lr,
        init_scale=init,
        seeds=tuple(range(seeds)),
        loss=np.where(diverged, np.nan, loss),
        outcome=outcome.astype(np.int8),
        cap=float(np.log(10)),
    )


def scrambled(made: Landscape, rng: np.random.Generator) -> Landscape:
    """The same trials with each cell's seeds in an order of its own: the cluster is lost."""
    order = rng.permuted(np.broadcast_to(np.arange(made.shape[2]), made.shape), axis=2)
    return Landscape(
        key=made.key,
        goal=made.goal,
        lr=made.lr,
        init_scale=made.init_scale,
        seeds=made.seeds,
        loss=np.take_along_axis(made.loss, order, axis=2),
        outcome=np.take_along_axis(made.outcome, order, axis=2),
        cap=made.cap,
    )


def values(name: str, made: Landscape, counts: Floats) -> Floats:
    """A row on resampled seeds."""
    row = next(row for row in ROWS if row.name == name)
    return row.evaluate(made, counts, CONTEXT)


def coverage(seeds: int, studies: int, resamples: int) -> dict[str, dict[str, float]]:
    """Share of studies whose interval holds the truth, for each row and way to make it."""
    rng = np.random.default_rng(seeds)
    large = valley(4000, np.random.default_rng(0))
    truth = {name: float(values(name, large, np.ones((1, 4000)))[0]) for name in NAMES}
    hits = {name: dict.fromkeys(("expanded", "plain", "cells"), 0) for name in NAMES}
    for _ in range(studies):
        made = valley(seeds, rng)
        counts = seed_counts(seeds, resamples, rng)
        mixed = scrambled(made, rng)
        wide = expanded_level(seeds)
        for name in NAMES:
            whole, loose = values(name, made, counts), values(name, mixed, counts)
            ways = (("expanded", whole, wide), ("plain", whole, 0.95), ("cells", loose, wide))
            for way, samples, level in ways:
                low, high = percentile(samples, level)
                hits[name][way] += low <= truth[name] <= high
    return {
        name: {way: round(count / studies, 3) for way, count in found.items()}
        for name, found in hits.items()
    }


def main() -> None:
    """Print the coverages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="40 studies instead of 200")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    studies = 40 if options.quick else 200
    found = {str(seeds): coverage(seeds, studies, 1000) for seeds in (3, 5, 10)}
    if options.json:
        print(json.dumps({"studies": studies, "nominal": 0.95, "coverage": found}))
        return
    for seeds, rows in found.items():
        for name, ways in rows.items():
            print(f"{seeds} seeds, {name}: {ways}")


if __name__ == "__main__":
    main()
