"""Large studies through the real path: time, memory of each process and size of the database.

Runs a service on SQLite, a Ray cluster and its drivers as `gofau up` does, submits a study of
100,000 trials on toy problems and one of 10,000 on the digits MLP, and follows each to its report.
Every second it looks at the resident memory of all processes of the stack.

    python bench/scale.py --only toys --share 0.1 --json
"""

import argparse
import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from gofau_service.cli.local.processes import marked
from gofau_service.cli.local.stack import Stack, StackOptions, local_stack
from gofau_service.client import Client, Study

EVERY_S = 1.0
RULES = [
    "additive",
    {"name": "multiplicative", "lr_in": 1.0},
    {"name": "hybrid", "lr_in": 1.0, "gamma": 0.5},
    "exponentiated_gradient",
]
TOYS: dict[str, Any] = {
    "name": "scale: toys",
    "problems": ["convex-2d", "rosenbrock", "beale", "himmelblau", "quadratic-cond-1e2"],
    "epochs": 100,
    "directions": ["sgd", "adagrad", "rmsprop", "adam", "madam"],
    "rules": RULES,
    "seeds": 5,
}
DIGITS: dict[str, Any] = {
    "name": "scale: digits MLP",
    "problem": {"name": "digits-mlp", "width": 64, "depth": 2},
    "epochs": 20,
    "batch_size": 64,
    "directions": ["sgd"],
    "rules": RULES,
    "seeds": 5,
    "goal": {"metric": "val_loss", "target": 0.3},
}
GRIDS = {"toys": (TOYS, 20, 10), "digits": (DIGITS, 50, 10)}
"""Each study with its learning rates and init scales: 100,000 and 10,000 trials."""

ROLES = (
    ("pack workers", r"^ray::(PackTrainable|ResourceTrainable)"),
    ("driver", r"gofau_workers\.driver"),
    ("service", r"-m gofau_service$"),
    ("Ray's idle workers", r"^ray::IDLE|default_worker"),
    ("Ray", r"raylet|gcs_server|dashboard|ray\b|ray::|forkserver|resource_tracker"),
)
"""What a process is, by its command line; the first that matches counts."""


def spec(name: str, share: float) -> dict[str, Any]:
    """A study of the table, its learning rates thinned to ``share`` of them."""
    base, lrs, scales = GRIDS[name]
    axes = {
        "lr": {"log": [1e-5, 1.0], "points": max(2, round(lrs * share))},
        "init_scale": {"log": [0.1, 10.0], "points": scales},
    }
    return {**base, "axes": axes}


@dataclass
class Watch:
    """Looks at a stack's processes from a thread of its own until the block ends."""

    stack: Stack
    largest: dict[str, float] = field(default_factory=dict)
    total: dict[str, float] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watch":
        self._thread = threading.Thread(target=self._run, name="watch")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(EVERY_S):
            by_role: dict[str, list[float]] = {}
            for process in marked(self.stack.state.mark):
                try:
                    role = role_of(" ".join(process.cmdline()).strip())
                    by_role.setdefault(role, []).append(process.memory_info().rss / 2**20)
                except psutil.NoSuchProcess:
                    continue
            for role, sizes in by_role.items():
                self.largest[role] = max(self.largest.get(role, 0.0), *sizes)
                self.total[role] = max(self.total.get(role, 0.0), sum(sizes))
                self.count[role] = max(self.count.get(role, 0), len(sizes))

    def figures(self) -> dict[str, dict[str, float]]:
        """Per role: how many at one time, the largest of one, and the largest sum, in MiB."""
        return {
            role: {
                "processes": self.count[role],
                "peak_mib": round(self.largest[role], 1),
                "peak_sum_mib": round(self.total[role], 1),
            }
            for role in sorted(self.largest)
        }


def role_of(command: str) -> str:
    """The role of the process with that command line."""
    return next((role for role, pattern in ROLES if re.search(pattern, command)), "other")


def run(wanted: Mapping[str, Any], cpus: int) -> dict[str, Any]:
    """Run one study in a fresh folder, and return its figures."""
    with (
        tempfile.TemporaryDirectory(prefix="gofau-scale-") as folder,
        local_stack(StackOptions(Path(folder), port=0, cpus=cpus)) as stack,
        Client(stack.state.url) as client,
        Watch(stack) as watch,
    ):
        begun = time.monotonic()
        submitted: Study = client.submit(dict(wanted), fresh=True)
        submit_s = time.monotonic() - begun
        ended, first_result_s = follow(client, submitted.id, begun)
        study_s = time.monotonic() - begun
        client.report_html(submitted.id)
        report_s = time.monotonic() - begun - study_s
        database = sum(p.stat().st_size for p in Path(folder).glob("*.db*"))
        files = {p.name: p.stat().st_size for p in Path(folder).iterdir() if p.is_file()}
    return {
        "name": wanted["name"],
        "trials": ended.trials,
        "completed": ended.counts.completed,
        "state": str(ended.state),
        "submit_s": round(submit_s, 2),
        "first_result_s": round(first_result_s, 2),
        "study_s": round(study_s, 1),
        "trials_per_s": round(ended.counts.completed / study_s, 1),
        "report_s": round(report_s, 2),
        "database_mib": round(database / 2**20, 1),
        "database_bytes_a_trial": round(database / ended.trials),
        "files": files,
        "processes": watch.figures(),
    }


def follow(client: Client, study: str, begun: float) -> tuple[Study, float]:
    """Watch to the end: the ended study, and seconds to its first result."""
    first_result_s: float | None = None
    for update in client.watch(study):
        if update.counts.completed and first_result_s is None:
            first_result_s = time.monotonic() - begun
    return update, first_result_s or time.monotonic() - begun


def table(found: list[dict[str, Any]]) -> str:
    """The figures as Markdown."""
    names = ("trials", "completed", "submit_s", "first_result_s", "study_s", "trials_per_s")
    names = (*names, "report_s", "database_mib", "database_bytes_a_trial")
    head = [f"| study | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    rows = [f"| {f['name']} | {' | '.join(f'{f[n]:,}' for n in names)} |" for f in found]
    memory = ["", "| study | process | at one time | peak MiB of one | peak MiB of all |"]
    memory.append("|---|---|---:|---:|---:|")
    for one in found:
        for role, sizes in one["processes"].items():
            numbers = " | ".join(f"{value:,}" for value in sizes.values())
            memory.append(f"| {one['name']} | {role} | {numbers} |")
    return "\n".join([*head, *rows, *memory])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=sorted(GRIDS), help="one study instead of both")
    parser.add_argument("--share", type=float, default=1.0, help="share of the learning rates")
    parser.add_argument("--cpus", type=int, default=os.cpu_count() or 1, help="Ray's cores")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    given = parser.parse_args()
    names = [given.only] if given.only else ["toys", "digits"]
    found = [run(spec(name, given.share), given.cpus) for name in names]
    print(table(found))
    if given.json:
        print(json.dumps({"load_average": os.getloadavg(), "studies": found}))


if __name__ == "__main__":
    main()
