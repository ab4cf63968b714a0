"""How often the intervals and verdicts that a report prints are right.

Studies with a known truth are drawn and handed to the report's own `build`; what it prints is held
against the truth: each rule's 95 % interval, the interval of each difference, and each claim of the
comparison table and of the verdicts. The truth is the rows' value on 4,000 seeds.

Four kinds of studies: the edge of stability shifts with the seed; noise is each trial's own; two
rules are equal; two rules differ for real.

Run: OMP_NUM_THREADS=1 PYTHONPATH=. python bench/intervals.py [--quick] [--json] [--studies N]
"""

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

import numpy as np

from gofau_studies.landscape.landscape import GoalMetric, Landscape, LandscapeKey, OutcomeCode
from gofau_studies.report import AnalysisSettings, Provenance, SpecSummary, build
from gofau_studies.report.assemble import group_context
from gofau_studies.report.model import RobustnessReport, Strength
from gofau_studies.report.rows import rows_of

ROWS = (
    "divergence_rate",
    "success_rate",
    "best",
    "best_held_out",
    "basin_volume",
    "shared_basin_volume",
    "basin_width",
    "lr_sensitivity",
    "lr_sensitivity_window",
    "regret_3",
    "best_of_10",
    "ridge_slope",
)
"""Rows whose coverage is measured."""

COUNTS = (5, 8, 10, 20)
"""Numbers of seeds."""

TRUE_SEEDS = 4000
ABOUT = SpecSummary(name="simulated", spec_hash="0" * 64)
BY = Provenance(code_version="bench", machine="any", analysed_at=datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Kind:
    """How studies of a kind come about.

    Args:
        edge: spread over seeds of the edge of stability, in decades.
        shared: spread over seeds of a valley's height and, fivefold, of its place in decades.
        own: spread of each trial's own noise.
        width: of the second rule's valley, that of the first being 1.
        reach: how much later the second rule diverges, in decades.
        lift: how much worse the second rule's best is.
    """

    edge: float = 0.02
    shared: float = 0.02
    own: float = 0.005
    width: float = 1.0
    reach: float = 0.0
    lift: float = 0.0


KINDS = {
    "edge shifts": Kind(edge=0.25, width=1.3, reach=0.3, lift=0.02),
    "cell noise": Kind(own=0.06, shared=0.002, width=1.3, reach=0.3, lift=0.02),
    "equal rules": Kind(edge=0.3, own=0.02),
    "real differences": Kind(edge=0.2, own=0.02, width=1.6, reach=0.4, lift=0.04),
}


def study(kind: Kind, seeds: int, rng: np.random.Generator) -> list[Landscape]:
    """Two rules on the same seeds, with draws of their own."""
    plain = replace(kind, width=1.0, reach=0.0, lift=0.0)
    return [valley(plain, "additive", seeds, rng), valley(kind, "hybrid", seeds, rng)]


def valley(kind: Kind, rule: str, seeds: int, rng: np.random.Generator) -> Landscape:
    """A slanting valley that ends at an edge of stability."""
    lr, init = np.logspace(-4, 1, 11), np.logspace(-1.5, 1.5, 7)
    x, z = np.log10(lr)[:, None, None], np.log10(init)[None, :, None]
    shape = (lr.size, init.size, seeds)
    away = x + 1 - 0.6 * z + 5 * kind.shared * rng.standard_normal(seeds)
    height = 0.15 + kind.lift + kind.shared * rng.standard_normal(seeds)
    loss = height + 0.3 * (away / kind.width) ** 2 + 0.1 * z**2
    loss = np.abs(loss + kind.own * rng.standard_normal(shape))
    gone = away > 1.2 + kind.reach + kind.edge * rng.standard_normal(seeds)
    outcome = np.where(gone, OutcomeCode.DIVERGED, OutcomeCode.BUDGET_EXHAUSTED)
    return Landscape(
        key=LandscapeKey("valley", "sgd", rule),
        goal=GoalMetric("val_loss", target=0.4),
        lr=lr,
        init_scale=init,
        seeds=tuple(range(seeds)),
        loss=np.where(gone, np.nan, loss),
        outcome=outcome.astype(np.int8),
        cap=float(np.log(10)),
    )


@cache
def truth(name: str) -> dict[str, dict[str, float]]:
    """By rule, each row's value on so many seeds that they hardly matter."""
    members = study(KINDS[name], TRUE_SEEDS, np.random.default_rng(0))
    context = group_context(members, AnalysisSettings())
    assert context is not None
    once = np.ones((1, TRUE_SEEDS))
    rows = {row.name: row for row in rows_of(members[0])}
    # With so many seeds any half picks the best cell, and scores it as all of them do.
    meant = {name: "best" if name == "best_held_out" else name for name in ROWS}
    return {
        m.key.rule: {
            name: float(rows[same].evaluate(m, once, context)[0]) for name, same in meant.items()
        }
        for m in members
    }


def one(name: str, seeds: int, number: int, resamples: int) -> RobustnessReport:
    """What the report says of one study."""
    rng = np.random.default_rng([seeds, number, list(KINDS).index(name)])
    members = study(KINDS[name], seeds, rng)
    return build(members, ABOUT, BY, rng, AnalysisSettings(resamples=resamples))


Marks = list[tuple[str, bool]]


def judged(name: str, report: RobustnessReport) -> Marks:
    """Everything that a report claims, by name, and whether it is true."""
    true, marks = truth(name), []
    (group,) = report.groups
    for rule in group.rules:
        for row in ROWS:
            s = rule.scalars[row]
            if s.low is not None and s.high is not None:
                marks.append((f"coverage {row}", s.low <= true[rule.rule][row] <= s.high))
    for c in (c for c in group.comparisons if c.metric in ROWS):
        d, gap = c.difference, true["hybrid"][c.metric] - true["additive"][c.metric]
        if name == "equal rules":
            gap = 0.0
        if d.low is not None and d.high is not None:
            marks.append((f"difference {c.metric}", d.low <= gap <= d.high))
        shown = c.strength is Strength.SHOWN
        marks.append((f"shown {c.metric}", shown))
        marks.append(("false", shown and ((d.value or 0.0) * gap <= 0)))
    marks.append(("false table", any(hit for key, hit in marks if key == "false")))
    marks.append(("false verdict", _says_false(name, report)))
    return marks


def _says_false(name: str, report: RobustnessReport) -> bool:
    """Whether a verdict's sentence claims a difference that there is not."""
    true = truth(name)
    by_id = {f"valley/sgd/hybrid vs additive/{c.metric}": c for c in report.groups[0].comparisons}
    for clause in report.verdicts[0].clauses:
        metric = by_id[clause.number].metric
        gap = 0.0 if name == "equal rules" else true["hybrid"][metric] - true["additive"][metric]
        said = by_id[clause.number].difference.value or 0.0
        if clause.strength is Strength.SHOWN and said * gap <= 0:
            return True
    return False


def batch(task: tuple[str, int, range, int]) -> list[Marks]:
    """The marks of some studies."""
    name, seeds, numbers, resamples = task
    return [judged(name, one(name, seeds, number, resamples)) for number in numbers]


def tasks(
    studies: int, counts: Sequence[int], resamples: int
) -> Iterator[tuple[str, int, range, int]]:
    """Studies in batches."""
    for name in KINDS:
        for seeds in counts:
            for first in range(0, studies, 10):
                yield name, seeds, range(first, min(first + 10, studies)), resamples


Shares = dict[str, dict[int, dict[str, float]]]


def shares(studies: int, counts: Sequence[int], resamples: int) -> Shares:
    """By kind and number of seeds, the share of each claim that came true."""
    asked = list(tasks(studies, counts, resamples))
    marks: dict[tuple[str, int], list[tuple[str, bool]]] = defaultdict(list)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for (name, seeds, *_), found in zip(asked, pool.map(batch, asked), strict=True):
            marks[name, seeds].extend(mark for one_study in found for mark in one_study)
    kinds: Shares = {name: {} for name in KINDS}
    for (name, seeds), every in marks.items():
        hits = defaultdict(list)
        for key, hit in every:
            hits[key].append(hit)
        kinds[name][seeds] = {key: round(float(np.mean(h)), 3) for key, h in hits.items()}
    return kinds


def table(found: Mapping[int, Mapping[str, float]], word: str) -> list[str]:
    """Lines of Markdown: rows against numbers of seeds."""
    lines = [f"| {word} | " + " | ".join(f"{n} seeds" for n in found) + " |"]
    lines.append("|---" * (len(found) + 1) + "|")
    for row in ROWS:
        cells = [found[n].get(f"{word} {row}") for n in found]
        if any(cell is not None for cell in cells):
            said = " | ".join("–" if c is None else f"{c:.2f}".lstrip("0") for c in cells)
            lines.append(f"| {row} | {said} |")
    return lines


def summary(kinds: Shares, studies: int) -> dict[str, object]:
    """The figures as one object."""
    coverage = {
        name: {
            row: {str(n): f[f"coverage {row}"] for n, f in by.items() if f"coverage {row}" in f}
            for row in ROWS
        }
        for name, by in kinds.items()
    }
    difference = {
        name: {
            row: {str(n): f[f"difference {row}"] for n, f in by.items() if f"difference {row}" in f}
            for row in ROWS
        }
        for name, by in kinds.items()
    }
    per_row = {
        row: min(share for by in coverage.values() for share in by[row].values()) for row in ROWS
    }
    equal = kinds["equal rules"]
    return {
        "studies": studies,
        "nominal": 0.95,
        "coverage": coverage,
        "difference_coverage": difference,
        "least_coverage": min(per_row.values()),
        "least_coverage_by_row": per_row,
        "least_coverage_of_rates": min(per_row["divergence_rate"], per_row["success_rate"]),
        "false_verdicts": {str(n): f["false verdict"] for n, f in equal.items()},
        "false_in_table": {str(n): f["false table"] for n, f in equal.items()},
        "false_rows": {str(n): f["false"] for n, f in equal.items()},
        "shown_of_real": {
            str(n): {row: f[f"shown {row}"] for row in ROWS if f"shown {row}" in f}
            for n, f in kinds["real differences"].items()
        },
    }


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few studies of 5 and 10 seeds")
    parser.add_argument("--json", action="store_true", help="print one JSON object in the end")
    parser.add_argument("--studies", type=int, default=200, help="studies a kind and seed count")
    given = parser.parse_args()
    studies, counts = (20, (5, 10)) if given.quick else (given.studies, COUNTS)
    kinds = shares(studies, counts, 400 if given.quick else 1000)
    found = summary(kinds, studies)
    if given.json:
        print(json.dumps(found))
        return
    for name, by in kinds.items():
        print(f"\n{name}, {studies} studies each, interval of a rule holds its true value\n")
        print("\n".join(table(by, "coverage")))
        print(f"\n{name}, interval of the difference holds the true one\n")
        print("\n".join(table(by, "difference")))
        print(f"\n{name}, difference said to be shown\n")
        print("\n".join(table(by, "shown")))
    for key in ("false_verdicts", "false_in_table", "false_rows", "least_coverage_by_row"):
        print(f"{key}: {found[key]}")


if __name__ == "__main__":
    main()
