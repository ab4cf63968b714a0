"""The rows of the packing benchmark that run on Ray Tune."""

import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import ray
import torch
from packing_workloads import Workload
from ray import tune

from gofau_studies.protocol import wire
from gofau_studies.protocol.trials import StudyState
from gofau_workers import driver
from gofau_workers.service_client import ServiceClient
from gofau_workers.settings import WorkerSettings

STUDY = "bench"


@contextmanager
def cluster(cores: int) -> Iterator[None]:
    """A local Ray cluster of ``cores`` CPUs."""
    here = str(Path(__file__).parent)
    variables = {"PYTHONPATH": here, "OMP_NUM_THREADS": "1"}
    ray.init(
        num_cpus=cores,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        runtime_env={"env_vars": variables},
    )
    try:
        yield
    finally:
        ray.shutdown()


class Alone(tune.Trainable):
    """One plain training, for a new or a reused actor."""

    def setup(self, config: dict[str, Any]) -> None:
        torch.set_num_threads(1)
        self._config = config

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._config = new_config
        return True

    def step(self) -> dict[str, Any]:
        work: Workload = self._config["work"]
        trial = work.trials(self._config["count"])[self._config["i"]]
        return {"done": True, "loss": work.alone(trial)}


def actor_rate(work: Workload, count: int) -> float:
    """Trials per second with a new actor for each."""
    return _tune_rate(work, count, reuse=False)


def reuse_rate(work: Workload, count: int) -> float:
    """Trials per second with reused actors, their start included."""
    return _tune_rate(work, count, reuse=True)


def _tune_rate(work: Workload, count: int, reuse: bool) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-tune-") as storage:
        tuner = tune.Tuner(
            tune.with_resources(Alone, {"cpu": 1}),
            param_space={"work": work, "count": count, "i": tune.grid_search(list(range(count)))},
            tune_config=tune.TuneConfig(reuse_actors=reuse),
            run_config=tune.RunConfig(
                storage_path=storage,
                verbose=0,
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        )
        started = time.perf_counter()
        results = tuner.fit()
        spent = time.perf_counter() - started
    if results.errors:
        raise RuntimeError(f"{len(results.errors)} trials failed: {results.errors[0]}")
    return count / spent


def driver_rate(work: Workload, count: int) -> float:
    """Trials per second of the project's driver on a study of ``count`` trials.

    The service is a stand-in that grants leases and counts results, in a thread of this process;
    the driver, its packs and what they say over HTTP are the real ones.
    """
    desk = Desk(work, count)
    server = ThreadingHTTPServer(("127.0.0.1", 0), desk.handler())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        settings = WorkerSettings(f"http://127.0.0.1:{server.server_port}", STUDY, "bench")
        client = ServiceClient(settings)
        started = time.perf_counter()
        driver.drive(client, settings)
        spent = time.perf_counter() - started
        client.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    if len(desk.done) != count:
        raise RuntimeError(f"the driver posted {len(desk.done)} of {count} results")
    return count / spent


class Desk:
    """A stand-in for the service: hands out one study's trials and counts their results."""

    def __init__(self, work: Workload, count: int) -> None:
        plan = work.plan(work.trials(count))
        shared = {
            name: getattr(plan, name)
            for name in (
                "problem", "problem_parameters", "direction", "rule", "epochs", "batch_size",
                "goal_metric", "minimize", "target", "stop_at_target", "divergence_factor",
                "zero_policy", "dtype", "executor",
            )
        }  # fmt: skip
        self.cells = {
            str(t.key): {**shared, "init_scale": t.init_scale, "hyper": dict(t.hyper)}
            for t in plan.trials
        }
        self.trials = {
            t.key: {"index": t.key, "cell": str(t.key), "seed": t.seed, "attempts": 0}
            for t in plan.trials
        }
        self.waiting = set(self.trials)
        self.done: set[int] = set()
        self._lock = threading.Lock()

    def work(self, after: int, limit: int) -> dict[str, Any]:
        """A page of waiting trials."""
        with self._lock:
            left = sorted(i for i in self.waiting if i > after)
            running = len(self.trials) - len(self.waiting) - len(self.done)
        shown = left[:limit]
        return {
            "study": STUDY,
            "state": StudyState.RUNNING.value,
            "running": running,
            "trials": [self.trials[i] for i in shown],
            "cells": {str(i): self.cells[str(i)] for i in shown},
            "next_after": shown[-1] if len(shown) < len(left) else None,
        }

    def lease(self, request: wire.LeaseRequest) -> dict[str, Any]:
        """Grant what is still waiting."""
        with self._lock:
            granted = [i for i in request.trials if i in self.waiting]
            self.waiting.difference_update(granted)
        return {"lease": f"lease-{request.trials[0]}", "granted": granted, "ttl_s": 600.0}

    def results(self, batch: wire.ResultBatch) -> dict[str, Any]:
        """Count results; a failure is an error of the benchmark."""
        if batch.failures:
            raise RuntimeError(batch.failures[0].error)
        with self._lock:
            self.done.update(r.index for r in batch.results)
        return {"stored": len(batch.results), "duplicates": 0, "refused": 0, "stop": False}

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """The HTTP face of this desk."""
        desk = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                query = dict(part.split("=") for part in self.path.partition("?")[2].split("&"))
                self._answer(desk.work(int(query["after"]), int(query.get("limit", 10_000))))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.endswith("/leases"):
                    self._answer(desk.lease(wire.LeaseRequest.model_validate_json(body)))
                elif self.path.endswith("/results"):
                    self._answer(desk.results(wire.ResultBatch.model_validate_json(body)))
                else:
                    self._answer({"held": True, "stop": False, "ttl_s": 600.0})

            def _answer(self, content: dict[str, Any]) -> None:
                data = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Stay silent."""

        return Handler


os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
