"""A job runner without Ray, a worker without training, and a spec to run."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
import uvicorn

from gofau.version import code_version
from gofau_service.api.app import create_app
from gofau_service.errors import RayUnreachableError
from gofau_service.reconciler.ray_jobs import JobRequest, JobStatus
from gofau_service.reconciler.reconciler import Reconciler
from gofau_service.settings import Settings
from gofau_service.store.engine import Store
from gofau_studies.protocol.wire import Lease, LeaseStatus, ResultReceipt, WorkPage
from tests.service.databases import prepare

SPEC: dict[str, Any] = {
    "name": "small",
    "problem": "digits-mlp",
    "epochs": 2,
    "directions": ["sgd"],
    "rules": ["additive", {"name": "hybrid", "gamma": 0.5}],
    "axes": {
        "lr": {"log": [0.01, 1.0], "points": 3},
        "init_scale": {"log": [0.5, 2.0], "points": 2},
    },
    "seeds": 2,
    "goal": {"metric": "val_loss", "target": 0.3},
}
TRIALS = 2 * 3 * 2 * 2
CODE = code_version()
ENVIRONMENT = {"processor": "a test's", "isa": "AVX2", "torch": "2.14.1", "threads": 1}


@dataclass
class FakeRunner:
    """Jobs as a table; ``away`` makes the cluster unreachable, ``forget`` loses a job."""

    jobs: dict[str, JobStatus] = field(default_factory=dict)
    requests: list[JobRequest] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)
    away: bool = False

    def submit(self, request: JobRequest) -> None:
        self._reach()
        if request.submission_id not in self.jobs:
            self.jobs[request.submission_id] = JobStatus.RUNNING
            self.requests.append(request)

    def status(self, submission_id: str) -> JobStatus:
        self._reach()
        return self.jobs.get(submission_id, JobStatus.UNKNOWN)

    def stop(self, submission_id: str) -> None:
        self._reach()
        self.stopped.append(submission_id)
        if not self.status(submission_id).ended:
            self.jobs[submission_id] = JobStatus.STOPPED

    def log_tail(self, submission_id: str) -> str:
        self._reach()
        return self.logs.get(submission_id, "")

    def _reach(self) -> None:
        if self.away:
            raise RayUnreachableError("Ray: gone")


@dataclass
class Clock:
    """A monotonic clock that tests move."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


class Prompt(uvicorn.Server):
    """A server that ends once it is told to; uvicorn's own looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.001)
        await self.lifespan.shutdown()

    def end(self) -> None:
        """Tell it, from any thread."""
        self._loop.call_soon_threadsafe(self._told.set)


NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Shared by all clients: reading the machine's certificates takes longer than most requests."""


def connected(url: str) -> httpx.Client:
    """A client of a service on this machine."""
    return httpx.Client(base_url=url, timeout=60, verify=NO_TLS, trust_env=False)


class Served:
    """An app behind a real socket, served by a thread of this process."""

    def __init__(self, app: Any) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        # As asyncio does for the ports that it opens itself: else each answer waits 40 ms for an
        # acknowledgement between its head and its body.
        self._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = self._listening.getsockname()[1]
        config = uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="on")
        self._server = Prompt(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._listening],))
        self._thread.start()
        self.url = f"http://127.0.0.1:{port}"
        with connected(self.url) as http:
            http.get("/readyz").raise_for_status()

    def close(self) -> None:
        self._server.end()
        self._thread.join()
        self._listening.close()


@dataclass
class Service:
    """An app in this process, its reconciler in the test's hands."""

    http: httpx.Client
    store: Store
    settings: Settings
    runner: FakeRunner
    clock: Clock
    reconciler: Reconciler
    server: "Served"

    @classmethod
    def start(cls, settings: Settings, runner: FakeRunner) -> "Service":
        prepare(settings.database)
        app = create_app(settings, runner)
        server = Served(app)
        http = connected(server.url)
        store = app.state.parts.store
        clock = Clock()
        reconciler = Reconciler(store, runner, settings, clock)
        return cls(http, store, settings, runner, clock, reconciler, server)

    def close(self) -> None:
        """Stop serving."""
        self.http.close()
        self.server.close()

    def replica(self) -> Reconciler:
        """A second reconciler over the same store."""
        return Reconciler(self.store, self.runner, self.settings, self.clock)

    def submit(self, spec: Mapping[str, Any] = SPEC, **options: Any) -> dict[str, Any]:
        answer = self.http.post("/v1/studies", json=dict(spec), **options)
        assert answer.is_success, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def study(self, public_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/studies/{public_id}")
        assert answer.is_success, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def started(self, spec: Mapping[str, Any] = SPEC) -> "Worker":
        """Submit a study, have it started, and return a worker with its job's token."""
        study = self.submit(spec)["id"]
        self.reconciler.look()
        return self.worker(study)

    def worker(self, study: str) -> "Worker":
        request = next(r for r in reversed(self.runner.requests) if r.study == study)
        return Worker(self.http, study, redeemed(self.http, request))


def redeemed(http: httpx.Client, request: JobRequest) -> str:
    """The token that a job's ticket is exchanged for, the same one for every call."""
    ticket = request.environment["GOFAU_TICKET"]
    token = f"gofau_{sha256(ticket.encode()).hexdigest()}"
    body = {"ticket": ticket, "token_sha256": sha256(token.encode()).hexdigest()}
    http.post("/v1/worker/tickets", json=body)
    return token


@dataclass
class Worker:
    """The worker's side of the protocol, one call a method."""

    http: httpx.Client
    study: str
    token: str

    def work(self, after: int = -1, limit: int = 1000) -> WorkPage:
        path = f"/v1/worker/studies/{self.study}/work"
        answer = self._call("GET", path, params={"after": after, "limit": limit})
        return WorkPage.model_validate(answer)

    def lease(self, *indexes: int, name: str = "w1", **told: Any) -> Lease:
        """Lease trials, on data that no other study has unless ``inputs`` are told."""
        body = {
            "worker": name,
            "trials": list(indexes),
            "code_version": CODE,
            "inputs": {"data": self.study},
            "environment": ENVIRONMENT,
            **told,
        }
        answer = self._call("POST", f"/v1/worker/studies/{self.study}/leases", json=body)
        return Lease.model_validate(answer)

    def beat(self, lease: str) -> LeaseStatus:
        answer = self._call("POST", f"/v1/worker/leases/{lease}/heartbeat")
        return LeaseStatus.model_validate(answer)

    def release(self, lease: str) -> LeaseStatus:
        answer = self._call("POST", f"/v1/worker/leases/{lease}/release")
        return LeaseStatus.model_validate(answer)

    def post(
        self,
        lease: str,
        *indexes: int,
        failures: Mapping[int, str] | None = None,
        make: "Callable[[int], dict[str, Any]] | None" = None,
        incurable: bool = False,
    ) -> ResultReceipt:
        how = {"incurable": True} if incurable else {}
        failed = [{"index": i, "error": e, **how} for i, e in (failures or {}).items()]
        body = {"results": [(make or result)(i) for i in indexes], "failures": failed}
        answer = self._call("POST", f"/v1/worker/leases/{lease}/results", json=body)
        return ResultReceipt.model_validate(answer)

    def fail(self, reason: str) -> None:
        path = f"/v1/worker/studies/{self.study}/failure"
        self._call("POST", path, json={"reason": reason})

    def finish(self, **told: Any) -> None:
        """Complete whatever waits."""
        waiting = [trial.index for trial in self.work().trials]
        lease = self.lease(*waiting, **told)
        self.post(lease.lease, *lease.granted)

    def _call(self, method: str, path: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.http.request(method, path, headers=headers, **options)
        assert answer.is_success, answer.text
        return answer.json()


def result(index: int, /, **changes: Any) -> dict[str, Any]:
    """A plausible result whose numbers depend on the index."""
    loss = 0.25 + index / 64
    return {
        "index": index,
        "outcome": "reached_target",
        "metrics": {"val_loss": loss, "val_accuracy": 0.5},
        "best": loss,
        "curves": {"val_loss": [2.5, 1.0, loss], "val_accuracy": [0.1, 0.4, 0.5]},
        "epochs_run": 2,
        "steps": 44,
        "steps_to_target": 22,
        "frozen_fraction": 0.0,
        "executor": "bmm",
        "pack_size": 4,
        "wall_s": 0.25,
        **changes,
    }


def diverged(index: int) -> dict[str, Any]:
    """A result whose loss is not finite any more."""
    metrics = {"val_loss": None, "val_accuracy": 0.1}
    curves = {"val_loss": [2.5, None, None], "val_accuracy": [0.1, 0.1, 0.1]}
    return result(index, outcome="nonfinite", metrics=metrics, best=2.5, curves=curves)
