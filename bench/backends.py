"""What torch's compiler and channels last gain over plain torch on this device, by workload.

Each row trains stacks of one width for a few steps under one executor. CUDA graphs are a column on
GPUs. ``--json`` prints one JSON object as the last line.
"""

import argparse
import json
import sys
from dataclasses import replace
from time import perf_counter

import torch
from packing_workloads import WORKLOADS, Workload

from gofau.packing.calibration.throughput import trial_steps_per_second
from gofau.packing.plan.plan import BackendName, ExecutorName, MemoryFormatName
from gofau.packing.program import Program

ROWS: tuple[tuple[str, ExecutorName, int], ...] = (
    ("digits-mlp-64", "bmm", 128),
    ("digits-mlp-64-adam-hybrid", "bmm", 128),
    ("digits-cnn", "grouped", 16),
    ("digits-cnn", "vmap", 16),
    ("resnet18-32", "serial", 1),
    ("resnet18-32", "vmap", 4),
)
REPEATS = 3
Column = tuple[BackendName, MemoryFormatName]
PLAIN: Column = ("eager", "contiguous")


def columns(device: str, executor: ExecutorName, images: bool) -> list[Column]:
    """Plain torch first, then each change alone."""
    found: list[Column] = [PLAIN, ("inductor", "contiguous")]
    if images and executor in ("grouped", "serial"):
        found.append(("eager", "channels_last"))
    if device != "cpu" and executor != "serial":
        found += [("cudagraphs", "contiguous"), ("inductor+cudagraphs", "contiguous")]
    return found


def speeds(work: Workload, executor: ExecutorName, width: int) -> dict[str, dict[str, float]]:
    """Each column's best speed in trial-steps per second, and what its first steps took."""
    base = work.plan(work.trials(max(width, 2)), executor)
    found: dict[str, dict[str, float]] = {}
    for backend, form in columns(work.device, executor, "mlp" not in work.name):
        started = perf_counter()
        program = Program(replace(base, backend=backend, memory_format=form))
        first = trial_steps_per_second(program, width)
        setup = perf_counter() - started
        rates = [first, *(trial_steps_per_second(program, width) for _ in range(REPEATS))]
        found[f"{backend}, {form}"] = {"speed": max(rates), "first_s": setup}
    return found


def main() -> int:
    """Measure every row and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    options = parser.parse_args()
    torch.set_num_threads(1)
    works = {work.name: replace(work, device=options.device) for work in WORKLOADS}
    results: dict[str, dict[str, dict[str, float]]] = {}
    print(f"{options.device}, one thread, torch {torch.__version__}; trial-steps per second\n")
    print("| workload | executor | K | way | speed | × plain | first steps |")
    print("|---|---|---:|---|---:|---:|---:|")
    for name, executor, width in ROWS:
        found = speeds(works[name], executor, width)
        results[f"{name}, {executor}, {width}"] = found
        plain = found[", ".join(PLAIN)]["speed"]
        for way, got in found.items():
            ratio = got["speed"] / plain
            cells = (name, executor, str(width), way, f"{got['speed']:.4g}", f"{ratio:.2f}")
            print(f"| {' | '.join(cells)} | {got['first_s']:.1f} s |", flush=True)
    if options.json:
        print(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
