"""How long the robustness metrics of a 3 x 11 x 9 x 10 study take with 10,000 resamples.

The peer in the same run is the plain loop: each resample's maps and metrics one at a time. Run
single-threaded: OMP_NUM_THREADS=1 python bench/metrics.py [--quick] [--json]
"""

import argparse
import json
import time
from collections.abc import Callable

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.landscape.landscape import GoalMetric, Landscape, LandscapeKey, OutcomeCode
from gofau_studies.report.row import Context
from gofau_studies.report.rows import rows_of
from gofau_studies.statistics.bootstrap import seed_counts

RULES, POINTS, SEEDS = ("additive", "multiplicative", "hybrid"), (11, 9), 10
CONTEXT = Context(tolerance=0.2, shared_best=0.1)


def landscape(rule: str, rng: np.random.Generator) -> Landscape:
    """A noisy valley with a diverging edge."""
    lr, init = np.logspace(-4, 1, POINTS[0]), np.logspace(-1.5, 1.5, POINTS[1])
    away = np.log10(lr)[:, None, None] + 1 - np.log10(init)[None, :, None]
    loss = 0.1 + 0.3 * away**2 + 0.02 * rng.standard_normal((*POINTS, SEEDS))
    diverged = np.broadcast_to(away > 1.5, loss.shape)
    outcome = np.where(diverged, OutcomeCode.DIVERGED, OutcomeCode.BUDGET_EXHAUSTED)
    steps = np.where(loss < 0.3, 20 + 30 * away**2, np.inf)
    return Landscape(
        key=LandscapeKey("bench", "sgd", rule),
        goal=GoalMetric("val_loss", target=0.3),
        lr=lr,
        init_scale=init,
        seeds=tuple(range(SEEDS)),
        loss=np.where(diverged, np.nan, loss),
        outcome=outcome.astype(np.int8),
        cap=float(np.log(10)),
        steps_to_target=steps,
    )


def vectorised(made: Landscape, counts: Floats) -> None:
    """Every scalar on all resamples at once."""
    for row in rows_of(made):
        row.evaluate(made, counts, CONTEXT)


def looped(made: Landscape, counts: Floats) -> None:
    """Every scalar on one resample at a time.

    Without the held-out best, which averages many splits for a single draw: the loop is favoured.
    """
    rows = [row for row in rows_of(made) if row.name != "best_held_out"]
    for draw in counts:
        for row in rows:
            row.evaluate(made, draw[None], CONTEXT)


def seconds(run: Callable[[Landscape, Floats], None], counts: Floats) -> float:
    """Wall time over all rules."""
    rng = np.random.default_rng(0)
    study = [landscape(rule, rng) for rule in RULES]
    start = time.perf_counter()
    for made in study:
        run(made, counts)
    return time.perf_counter() - start


def main() -> None:
    """Print the timings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 resamples instead of 10,000")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    resamples = 1_000 if options.quick else 10_000
    counts = seed_counts(SEEDS, resamples, np.random.default_rng(1))
    vectorised(landscape("warm-up", np.random.default_rng(2)), counts[:50])
    fast = seconds(vectorised, counts)
    few = 20 if options.quick else 100
    slow = seconds(looped, counts[:few]) * resamples / few
    found = {
        "study": [len(RULES), *POINTS, SEEDS],
        "scalars": len(rows_of(landscape("count", np.random.default_rng(3)))),
        "resamples": resamples,
        "seconds": round(fast, 3),
        "loop_seconds_extrapolated": round(slow, 1),
        "speedup": round(slow / fast, 1),
    }
    if options.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
