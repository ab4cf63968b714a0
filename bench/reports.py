"""How long the report of a large study takes, through the service as a user asks for it.

Each study is stored in SQLite with made-up results: a valley with seed noise and a diverging edge,
or, for `grid-noise`, nothing but noise, so that a basin's border runs everywhere. A service process
of its own then answers for the report as data, and at once for its page and its Markdown.

    python bench/reports.py [STUDY ...] [--folder DIR] [--answers DIR] [--json]

With --folder the databases are kept and found again; with --answers the reports are written there,
for comparison with those of other code.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import psutil
from sqlalchemy import bindparam, insert, update

from gofau_service.reports.frame import trials_frame
from gofau_service.settings import Settings
from gofau_service.store import curves
from gofau_service.store import studies as repository
from gofau_service.store.engine import Store
from gofau_service.store.recount import recount
from gofau_service.store.schema import migrate
from gofau_service.store.tables.trials import Measurement, Trial
from gofau_service.studies.submission import Submission, submit
from gofau_service.tokens.principal import LOCAL
from gofau_studies.arrays import Floats
from gofau_studies.protocol.trials import StudyState
from gofau_studies.spec import StudySpec

RULES = [
    "additive",
    {"name": "multiplicative", "lr_in": 1.0},
    {"name": "hybrid", "lr_in": 1.0, "gamma": 0.5},
]


def _grid(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "problem": "digits-mlp",
        "epochs": 20,
        "directions": ["sgd"],
        "rules": [RULES[0], RULES[2]],
        "axes": {
            "lr": {"log": [1e-4, 10.0], "points": 71},
            "init_scale": {"log": [0.01, 100.0], "points": 71},
        },
        "seeds": 10,
        "goal": {"metric": "val_loss", "target": 0.3},
    }


def _groups(name: str, seeds: int) -> dict[str, Any]:
    """The paper's question as `docs/results/paper/digits.yaml` asks it."""
    return {
        "name": name,
        "problems": [
            {"name": "digits-mlp", "width": 64, "depth": 2, "label": "mlp"},
            {"name": "digits-mlp", "width": 64, "depth": 2, "norm": "batch", "label": "mlp-bn"},
            {"name": "digits-cnn", "width": 8, "label": "cnn"},
            {"name": "digits-cnn", "width": 8, "norm": "batch", "label": "cnn-bn"},
        ],
        "epochs": 10,
        "batch_size": 64,
        "directions": ["sgd", "adagrad", "rmsprop", "adam"],
        "rules": RULES,
        "axes": {
            "lr": {"log": [1e-4, 10.0], "points": 11},
            "init_scale": {"log": [0.1, 10.0], "points": 5},
        },
        "seeds": seeds,
        "goal": {"metric": "val_loss", "minimize": True, "target": 0.25},
    }


TOYS: dict[str, Any] = {
    "name": "25 groups of toys",
    "problems": ["convex-2d", "rosenbrock", "beale", "himmelblau", "quadratic-cond-1e2"],
    "epochs": 20,
    "directions": ["sgd", "adagrad", "rmsprop", "adam", "madam"],
    "rules": [*RULES, "exponentiated_gradient"],
    "axes": {
        "lr": {"log": [1e-5, 1.0], "points": 20},
        "init_scale": {"log": [0.1, 10.0], "points": 10},
    },
    "seeds": 5,
}
"""The toys of `scale.py`, with shorter curves."""

STUDIES = {
    "grid": _grid("2 rules on 71 x 71 cells"),
    "grid-noise": _grid("2 rules on 71 x 71 cells of noise"),
    "paper": _groups("16 groups, 7 seeds", 7),
    "paper-10": _groups("16 groups, 10 seeds", 10),
    "toys": TOYS,
}


BESIDE = ("at", "metric", "curve")
"""Of a made-up result: which trial it is of, and what is stored in another table."""


def _values(trials: pd.DataFrame, noise_alone: bool) -> tuple[Floats, Floats]:
    """Goal metric ``[N]``, NaN where diverged, and decades from each arm's valley."""
    rng = np.random.default_rng(0)
    size = len(trials)
    if noise_alone:
        value = 2.5 * rng.random(size)
        return np.where(value > 2, np.nan, value), value
    arms = trials.groupby(["problem", "direction", "rule"], sort=False).ngroup().to_numpy()
    centre = -1.5 + 0.9 * np.sin(1.7 * arms)
    seed = 0.05 * np.sin(3.0 * trials["seed"].to_numpy())
    z = np.log10(trials["init_scale"].to_numpy())
    away = np.log10(trials["lr"].to_numpy()) - centre + (0.3 + 0.1 * (arms % 3)) * z + seed
    value = 0.1 + 0.02 * (arms % 5) + 0.3 * away**2 + 0.1 * z**2
    value += 0.02 * rng.standard_normal(size)
    gone = away > 1.6 + 0.2 * rng.standard_normal(size)
    return np.where(gone, np.nan, np.clip(value, 0.01, 2.4)), away


def store(name: str, folder: Path) -> str:
    """Put the study into a database of its own; its id."""
    database = Store(f"sqlite:///{folder / 'gofau.db'}")
    migrate(database)
    wanted = Submission(StudySpec.model_validate(STUDIES[name]), json.dumps(STUDIES[name]))
    with database.write() as session:
        study, _ = submit(session, LOCAL, wanted, Settings(data_dir=folder))
        public_id = study.public_id
    with database.write() as session:
        study = repository.lock(session, public_id)
        trials = trials_frame(session, study)
        results = _results(trials, wanted.spec, noise_alone=name == "grid-noise")
        changes: dict[str, Any] = {key: bindparam(key) for key in results[0] if key not in BESIDE}
        session.connection().execute(
            update(Trial)
            .where(Trial.study_id == study.id, Trial.index == bindparam("at"))
            .values(changes),
            [{k: v for k, v in row.items() if k == "at" or k not in BESIDE} for row in results],
        )
        session.execute(insert(Measurement), [_measured(study.id, row) for row in results])
        repository.set_state(session, study, StudyState.RUNNING)
        recount(session, study)
        study.revision += 1
        repository.set_state(session, study, StudyState.COMPLETED)
    database.close()
    return public_id


def _results(trials: pd.DataFrame, spec: StudySpec, noise_alone: bool) -> list[dict[str, Any]]:
    values, away = _values(trials, noise_alone)
    target = spec.goal.target or 0.0
    steps = np.round(100 + 200 * away**2)
    return [
        {
            "at": int(index),
            "state": "completed",
            "outcome": "diverged" if np.isnan(value) else "budget_exhausted",
            "value": None if np.isnan(value) else float(value),
            "best": None if np.isnan(value) else float(value),
            "steps_to_target": int(taken) if value < target else None,
            "frozen_fraction": 0.0,
            "epochs_run": spec.epochs,
            "wall_s": 0.02,
            "revision": 1,
            "code_version": "bench",
            "metric": spec.goal.metric,
            "curve": _curve(float(value), spec.epochs),
        }
        for index, value, taken in zip(trials["index"], values, steps, strict=True)
    ]


def _curve(value: float, epochs: int) -> list[float]:
    end = 5.0 if np.isnan(value) else value
    return [end + (2.3 - end) * 0.7**epoch for epoch in range(epochs + 1)]


def _measured(study: int, row: dict[str, Any]) -> dict[str, Any]:
    lengths, data = curves.pack({row["metric"]: row["curve"]})
    metrics = {} if row["value"] is None else {row["metric"]: row["value"]}
    at = {"study_id": study, "index": row["at"]}
    return {**at, "metrics": metrics, "lengths": lengths, "curves": data}


@contextmanager
def served(folder: Path) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    """A service process on the folder's database, and a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "GOFAU_PORT": str(port),
        "GOFAU_DATA_DIR": str(folder),
        "GOFAU_RECONCILE": "false",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "gofau_service"], env=environment, stderr=subprocess.DEVNULL
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=3600) as http:
        try:
            while not _is_ready(http):
                if process.poll() is not None:
                    raise RuntimeError("the service ended while starting")
                time.sleep(0.1)
            yield http, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").is_success
    except httpx.TransportError:
        return False


def run(name: str, folder: Path, answers: Path | None) -> dict[str, Any]:
    """Seconds that the report, its page and its Markdown take, one after the other.

    Those of the clock, and those that the service's process had a processor for.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "gofau.db").exists():
        store(name, folder)
    found: dict[str, Any] = {"study": name}
    with served(folder) as (http, process):
        (study,) = http.get("/v1/studies").raise_for_status().json()["items"]
        found["trials"] = study["trials"]
        for suffix in ("json", "html", "md"):
            path = "report" if suffix == "json" else f"report.{suffix}"
            begun, busy = time.perf_counter(), _cpu_s(process)
            answer = http.get(f"/v1/studies/{study['id']}/{path}").raise_for_status()
            found[f"{suffix}_s"] = round(time.perf_counter() - begun, 2)
            found[f"{suffix}_cpu_s"] = round(_cpu_s(process) - busy, 2)
            if answers is not None:
                answers.mkdir(parents=True, exist_ok=True)
                (answers / f"{name}.{suffix}").write_bytes(answer.content)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=", ".join(STUDIES))
    parser.add_argument("--folder", type=Path, help="keep the databases here")
    parser.add_argument("--answers", type=Path, help="write the reports here")
    parser.add_argument("--json", action="store_true", help="print one JSON object a study")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in given.studies or STUDIES:
            found = run(name, folder / name, given.answers)
            line = (
                json.dumps(found) if given.json else ", ".join(f"{k} {v}" for k, v in found.items())
            )
            print(line, flush=True)


if __name__ == "__main__":
    main()
