"""Studies under random faults: every trial ends once, with the result of an undisturbed run.

Runs a service on SQLite and a Ray cluster as `gofau up` does, one study in peace, and then the same
study afresh, again and again, while processes of the stack are killed or frozen and the network
between workers and service is cut, at random. Prints the account: ``faults`` by ``kinds``, trials
``expected``, ``completed``, ``lost`` (without a result at the end), ``duplicated`` (rows or counts
beyond one for each cell and seed), ``differing`` (results that are not those of the undisturbed run
within 1e-3), ``leftover`` processes at the end.

    python bench/chaos.py --minutes 10 --seed 0 --json
"""

import argparse
import json
import logging
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_faults import Faults, Link

from gofau_service.cli.local.ports import free_port
from gofau_service.cli.local.processes import marked
from gofau_service.cli.local.stack import Stack, StackOptions, local_stack
from gofau_service.client import Backoff, Client, Trial

SPEC: dict[str, Any] = {
    "name": "chaos",
    "problem": {"name": "digits-mlp", "width": 64, "depth": 2},
    "epochs": 200,
    "directions": ["sgd"],
    "rules": ["additive", {"name": "hybrid", "gamma": 0.5}],
    "axes": {
        "lr": {"log": [1.0e-3, 1.0e-1], "points": 5},
        "init_scale": {"values": [0.5, 1.0]},
    },
    "seeds": 12,
    "max_attempts": 20,
}
"""Rates at which training is stable, so that another cut of packs moves only last digits."""

SETTINGS = {
    "GOFAU_PACK_SIZE": "15",
    "GOFAU_LEASE_TTL_S": "6",
    "GOFAU_JOB_TRIES": "100",
    "OMP_NUM_THREADS": "1",
}
"""Small packs, to have many to kill; limits that give up on what keeps dying are out of reach."""

PATIENCE = Backoff(tries=40)
BAD = ("lost", "duplicated", "differing", "leftover")
Key = tuple[str, float, float, int]


@dataclass
class Account:
    """What the disturbed studies came to."""

    studies: int = 0
    expected: int = 0
    completed: int = 0
    lost: int = 0
    duplicated: int = 0
    differing: int = 0
    leftover: int = 0

    def add(self, trials: list[Trial], counted: int, calm: dict[Key, float]) -> None:
        """Enter an ended study: its rows, and the results that its cells have counted."""
        done = [trial for trial in trials if trial.state == "completed"]
        values = {key(trial): trial.value for trial in done}
        self.studies += 1
        self.expected += len(calm)
        self.completed += len(done)
        self.lost += len(calm.keys() - values.keys())
        self.duplicated += len(trials) - len({key(t) for t in trials}) + abs(counted - len(done))
        self.differing += sum(not same(value, calm[k]) for k, value in values.items())


def key(trial: Trial) -> Key:
    return trial.rule, trial.point["lr"], trial.point["init_scale"], trial.seed


def same(value: float | None, calm: float) -> bool:
    return value is not None and math.isclose(value, calm, rel_tol=1e-3)


def ended(client: Client, study: str) -> bool:
    return client.get(study).state in ("completed", "failed", "cancelled")


def rows(client: Client, study: str) -> tuple[list[Trial], int]:
    """All trials of a study, and how many results its cells have counted."""
    counted = sum(cell.completed for cell in client.cells(study))
    return list(client.trials(study)), counted


def calm_run(client: Client) -> dict[Key, float]:
    """The results of an undisturbed run."""
    study = client.submit(SPEC, fresh=True).id
    while not ended(client, study):
        time.sleep(0.5)
    return {key(trial): float(trial.value or math.nan) for trial in rows(client, study)[0]}


def disturbed(client: Client, stack: Stack, faults: Faults, until: float, mean_s: float) -> str:
    """Run one study under faults, which cease at ``until``."""
    study = client.submit(SPEC, fresh=True).id
    due = time.monotonic() + faults.pause(mean_s)
    while not ended(client, study):
        if stack.failure:
            raise RuntimeError(stack.failure)
        if due <= time.monotonic() < until:
            said = faults.strike()
            done = client.get(study).counts.completed
            print(f"{said or 'nothing to hit'}; {done} completed", file=sys.stderr, flush=True)
            due = time.monotonic() + faults.pause(mean_s)
        time.sleep(0.2)
    return study


@contextmanager
def environment(folder: Path, link: Link) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(SETTINGS, GOFAU_CACHE_DIR=str(folder / "cache"), GOFAU_WORKER_URL=link.url)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def run(folder: Path, minutes: float, seed: int, mean_s: float) -> dict[str, Any]:
    """Run studies under faults for so long; the account."""
    account, port = Account(), free_port()
    with Link(port) as link, environment(folder, link):
        with (
            local_stack(StackOptions(folder, port=port, cpus=2)) as stack,
            Client(stack.state.url, backoff=PATIENCE) as client,
        ):
            faults = Faults(lambda: marked(stack.state.mark), link, seed)
            calm = calm_run(client)
            until = time.monotonic() + 60 * minutes
            while time.monotonic() < until:
                study = disturbed(client, stack, faults, until, mean_s)
                account.add(*rows(client, study), calm)
                print(vars(account), file=sys.stderr, flush=True)
        account.leftover = len(marked(stack.state.mark))
    return {"faults": faults.kinds.total(), **vars(account), "kinds": dict(faults.kinds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long faults come")
    parser.add_argument("--every", type=float, default=10.0, help="mean seconds between faults")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of faults")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    with tempfile.TemporaryDirectory(prefix="gofau-chaos-") as name:
        account = run(Path(name), given.minutes, given.seed, given.every)
    for name, value in account.items():
        print(f"{name:<12}{value}")
    if given.json:
        print(json.dumps(account))
    sys.exit(any(account[name] for name in BAD))


if __name__ == "__main__":
    main()
