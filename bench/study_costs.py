"""What the ready-made studies cost: processor seconds where they can run here, else operations.

A study whose data are at hand trains one pack of each problem, direction and rule for a few epochs,
packed and one by one in the same run, and the processor time is scaled to all trials and epochs.
A study that needs a download is counted: floating-point operations of the forward and backward
passes of one example, times its examples, epochs and trials. Run single-threaded:
OMP_NUM_THREADS=1 python bench/study_costs.py [--trials N] [--epochs N] [STUDY ...]
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

import gofau_studies
from gofau.packing import PackPlan, TrialPlan, run_pack
from gofau.problems import problem
from gofau.problems.photographs import PhotographProblem
from gofau_studies.spec import StudySpec
from gofau_studies.spec.cells import cells
from gofau_studies.spec.packs import bucket_key
from gofau_studies.spec.parsing import parse_yaml

FOLDER = Path(gofau_studies.__file__).parent / "catalog"


def packs(spec: StudySpec, size: int, epochs: int) -> Iterator[PackPlan]:
    """One pack of neighbouring cells around the middle of each bucket's grid."""
    by_bucket: dict[str, list[dict[str, Any]]] = {}
    for cell in cells(spec):
        by_bucket.setdefault(bucket_key(cell.definition), []).append(dict(cell.definition))
    for found in by_bucket.values():
        middle = list(islice(found, (len(found) - size) // 2, (len(found) + size) // 2))
        shared = {k: v for k, v in middle[0].items() if k not in ("init_scale", "hyper")}
        trials = tuple(TrialPlan(k, 0, d["init_scale"], d["hyper"]) for k, d in enumerate(middle))
        yield PackPlan(**{**shared, "trials": trials, "epochs": epochs})


def seconds(plan: PackPlan) -> tuple[float, str]:
    """Processor seconds of a trial's epoch, and the executor, once the data are loaded."""
    list(run_pack(replace(plan, trials=plan.trials[:1], epochs=1)))
    started = time.process_time()
    outcomes = list(run_pack(plan))
    taken = time.process_time() - started
    return taken / len(plan.trials) / plan.epochs, outcomes[0].executor


def operations(spec: StudySpec) -> float:
    """Floating-point operations of the study's training passes, one trial and problem each."""
    total = 0.0
    for entry in spec.problems:
        one = problem(entry.name, entry.parameters)
        side = 64 if entry.name.startswith("tiny") else 32
        with FlopCounterMode(display=False) as counter:
            images = torch.zeros(2, 3, side, side, dtype=torch.uint8)
            loss = one.loss(one.module()(images), torch.zeros(2, dtype=torch.long))
            torch.autograd.backward(loss)
        examples = (one.entry.train_size or 0) * spec.epochs
        total += counter.get_total_flops() / 2 * examples
    return total * spec.trial_count / len(spec.problems)


def report(spec: StudySpec, size: int, epochs: int) -> str:
    """One line about one study."""
    head = f"{spec.name}: {spec.trial_count:,} trials of {spec.epochs} epochs"
    kind = type(problem(spec.problems[0].name, spec.problems[0].parameters))
    if issubclass(kind, PhotographProblem):
        return f"{head}, {operations(spec):.2e} floating-point operations; time not measured"
    rows = []
    for plan in packs(spec, size, epochs):
        packed, executor = seconds(plan)
        alone, _ = seconds(replace(plan, executor="serial"))
        rows.append((packed, alone, executor))
    each = sum(row[0] for row in rows) / len(rows)
    serial = sum(row[1] for row in rows) / len(rows)
    total = each * spec.epochs * spec.trial_count / 3600
    names = ", ".join(sorted({row[2] for row in rows}))
    return (
        f"{head}, {each * spec.epochs:.2f} processor seconds a trial in packs of {size} ({names}), "
        f"{serial / each:.1f} times less than one by one; {total:.2f} processor hours in all"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", metavar="STUDY")
    parser.add_argument("--trials", type=int, default=16, help="in a pack")
    parser.add_argument("--epochs", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.stem != "toys" and (not given.studies or path.stem in given.studies):
            print(report(parse_yaml(path.read_text()), given.trials, given.epochs), flush=True)


if __name__ == "__main__":
    main()
