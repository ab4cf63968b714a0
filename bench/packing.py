"""Trials per second of packed training beside the usual ways to run many small trainings.

Rows, all in one run on the same machine:

- serial: one plain loop after another in this process, one thread
- serial_per_core: such a loop in one process a core
- tune_actor: Ray Tune, a new actor for each trial
- tune_reuse: Ray Tune with reused actors
- driver: packs through the project's driver and Ray Tune, leased from and posted to a service
- packed: packs in this process, one thread
- packed_per_core: packs in one process a core

``--quick`` runs the first workload with few trials; ``--json`` prints one JSON object as the last
line; without ``--quick`` the table in docs/performance.md is rewritten.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import torch
from packing_workloads import WORKLOADS, Workload

from gofau.packing import run_pack
from gofau.packing.calibration.folder import calibrated
from gofau.packing.program import Programs

CORES = len(os.sched_getaffinity(0))
DOCS = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- packing -->", "<!-- /packing -->"
ROWS = (
    "serial", "serial_per_core", "tune_actor", "tune_reuse", "driver", "packed", "packed_per_core",
)  # fmt: skip
AGREE = 0.05
CALIBRATIONS = "BENCH_CALIBRATIONS"
"""The environment variable that names this run's calibrations to every process."""


def serial(work: Workload, count: int) -> int:
    """Train ``count`` trials in plain loops."""
    for trial in work.trials(count):
        work.alone(trial)
    return count


def packed(work: Workload, count: int) -> int:
    """Train ``count`` trials in packs, with the calibrated executor and width."""
    folder = Path(os.environ[CALIBRATIONS])
    return sum(1 for _ in run_pack(work.plan(work.trials(count)), calibration=folder))


def _one_thread() -> None:
    torch.set_num_threads(1)


def rate(train: Callable[[Workload, int], int], work: Workload, count: int, repeats: int) -> float:
    """Trials per second, the median of ``repeats``, after a warm-up."""
    train(replace(work, epochs=1), count)
    rates = []
    for _ in range(repeats):
        started = time.perf_counter()
        train(work, count)
        rates.append(count / (time.perf_counter() - started))
    return statistics.median(rates)


def rates_per_core(work: Workload, alone: int, together: int) -> tuple[float, float]:
    """Plain and packed trials per second with one process a core, and so many trials in each."""
    context = get_context("spawn")
    with ProcessPoolExecutor(CORES, mp_context=context, initializer=_one_thread) as pool:

        def rate(train: Callable[[Workload, int], int], count: int) -> float:
            list(pool.map(train, [replace(work, epochs=1)] * CORES, [2] * CORES))
            started = time.perf_counter()
            done = sum(pool.map(train, [work] * CORES, [count] * CORES))
            return done / (time.perf_counter() - started)

        return rate(serial, alone), rate(packed, together)


def gemm_rate(device: str) -> float:
    """Floating-point operations per second of a 1024 × 1024 product, on one thread of a CPU."""
    a, b = (torch.randn(1024, 1024, device=device) for _ in range(2))
    out = torch.empty(1024, 1024, device=device)
    best = float("inf")
    for _ in range(20):
        started = time.perf_counter()
        torch.mm(a, b, out=out)
        if device != "cpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return 2 * 1024**3 / best


def agreement(work: Workload) -> str:
    """How the packed trials' last losses compare with the plain loop's, at the lowest rates.

    Higher ones amplify rounding: a ResNet's few steps at 0.03 already part by some percent.
    """
    trials = work.trials(work.packed)[:2]
    losses = {o.key: o.metrics["val_loss"] for o in run_pack(work.plan(trials))}
    differences = [abs(losses[t.key] / work.alone(t) - 1) for t in trials]
    if not max(differences) <= AGREE:
        raise AssertionError(f"{work.name}: packed and plain losses differ by {differences}")
    return f"{max(differences):.1e}"


def measure(work: Workload, quick: bool) -> dict[str, float]:
    """Trials per second by row."""
    few = 3 if quick else work.serial
    many = 128 if quick else work.packed
    found = calibrated(Programs(work.plan(work.trials(many))), Path(os.environ[CALIBRATIONS]))
    print(f"{work.name}: {found.executor}, {found.reason}", flush=True)
    rows = {
        "serial": rate(serial, work, few, 1 if quick else 3),
        "packed": rate(packed, work, many, 1 if quick else 3),
    }
    if work.device != "cpu":
        return rows
    rows["serial_per_core"], rows["packed_per_core"] = rates_per_core(work, few, many)
    if work.tune:
        import packing_tune

        with packing_tune.cluster(CORES):
            rows["tune_actor"] = packing_tune.actor_rate(work, CORES if quick else 2 * CORES)
            rows["tune_reuse"] = packing_tune.reuse_rate(work, 4 * CORES if quick else 128 * CORES)
            rows["driver"] = packing_tune.driver_rate(work, 1024 if quick else 8192)
    return rows


def ratios(rows: dict[str, float], work: Workload, gemm: float) -> dict[str, float]:
    """How many times faster ours is; the driver where it ran, else packs in this process."""
    found = {"vs_serial": rows["packed"] / rows["serial"]}
    if "packed_per_core" in rows:
        found["vs_serial_per_core"] = rows["packed_per_core"] / rows["serial_per_core"]
    if "driver" in rows:
        found["driver_vs_serial"] = rows["driver"] / rows["serial"]
    found["to_gemm_bound"] = gemm / (rows["packed"] * work.flops())
    for row in ("tune_actor", "tune_reuse"):
        if row in rows:
            found[f"vs_{row}"] = rows["driver"] / rows[row]
    return {name: round(value, 3) for name, value in found.items()}


def table(results: dict[str, dict[str, dict[str, float]]], gemm: float) -> str:
    """The Markdown section: rates, then ratios."""
    lines = [
        "Measured by `bench/packing.py`; every row trains the same trials, and ours also records "
        "the losses before training, which matters where epochs are few. Below 1 we lose.",
        "",
        f"Trials per second on {CORES} cores, torch {torch.__version__}; a 1024 × 1024 product "
        f"runs at {gemm / 1e9:.0f} GFLOP/s on one thread.",
        "",
        "| workload | " + " | ".join(ROWS) + " |",
        "|---|" + "---:|" * len(ROWS),
    ]
    for name, result in results.items():
        cells = [f"{result['rates'][r]:.3g}" if r in result["rates"] else "–" for r in ROWS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    names = list(dict.fromkeys(n for result in results.values() for n in result["ratios"]))
    lines += ["", "| workload | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for name, result in results.items():
        cells = [f"{result['ratios'][n]:.3g}" if n in result["ratios"] else "–" for n in names]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_docs(section: str) -> None:
    """Put ``section`` between the markers of docs/performance.md."""
    text = DOCS.read_text() if DOCS.exists() else f"# Performance\n\n{BEGIN}\n{END}\n"
    if BEGIN not in text:
        text += f"\n## Packed training\n\n{BEGIN}\n{END}\n"
    before, rest = text.split(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}\n{section}\n{END}{rest.split(END)[1]}")


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the first workload, few trials")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; a GPU has no Ray rows")
    parser.add_argument("--workload", action="append", help="only these workloads")
    options = parser.parse_args()
    _one_thread()
    with tempfile.TemporaryDirectory(prefix="bench-calibrations-") as folder:
        os.environ[CALIBRATIONS] = folder
        return run(options)


def run(options: argparse.Namespace) -> int:
    """Measure the chosen workloads, print the table and keep it."""
    chosen = [w for w in WORKLOADS if not options.workload or w.name in options.workload]
    chosen = [replace(w, device=options.device) for w in chosen]
    gemm = gemm_rate(options.device)
    results: dict[str, dict[str, dict[str, float]]] = {}
    for work in chosen[:1] if options.quick else chosen:
        print(f"{work.name}: losses agree with the plain loop to {agreement(work)}", flush=True)
        rows = measure(work, options.quick)
        results[work.name] = {"rates": rows, "ratios": ratios(rows, work, gemm)}
    section = table(results, gemm)
    print(section, flush=True)
    if not options.quick and not options.workload and options.device == "cpu":
        write_docs(section)
    if options.json:
        print(json.dumps({"workloads": {n: r["ratios"] for n, r in results.items()}}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
