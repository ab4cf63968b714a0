"""An in-memory service that keeps the protocol's promises, reached through an httpx transport."""

import json
from dataclasses import dataclass, field

import httpx

from gofau_studies.protocol import wire
from gofau_studies.protocol.trials import StudyState
from gofau_workers.service_client import ServiceClient
from gofau_workers.settings import WorkerSettings

SETTINGS = WorkerSettings("http://service", "s1", "secret", patience_s=5.0)


@dataclass
class FakeService:
    """Trials by index, leases by number; ``broken`` answers the next calls with these statuses."""

    cells: dict[str, dict[str, object]]
    waiting: dict[int, wire.WorkTrial]
    state: StudyState = StudyState.RUNNING
    stop: bool = False
    leases: dict[str, set[int]] = field(default_factory=dict)
    results: dict[int, wire.TrialResult] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    incurable: set[int] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    page_size: int = 10_000
    ttl_s: float = 60.0
    checkpoint_every: int | None = None
    refusal: str = ""
    known: set[int] = field(default_factory=set)
    asked: list[wire.LeaseRequest] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)

    def client(self, settings: WorkerSettings = SETTINGS) -> ServiceClient:
        return ServiceClient(settings, httpx.MockTransport(self.handle), sleep=lambda _s: None)

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path}")
        assert request.headers["Authorization"] == "Bearer secret"
        if self.broken:
            return httpx.Response(self.broken.pop(0), text="out of order")
        parts = request.url.path.split("/")
        if parts[3] == "studies":
            return self._of_study(parts[-1], request)
        lease = parts[-2]
        if lease not in self.leases:
            return httpx.Response(410, text="the lease is lost")
        if parts[-1] == "results":
            return self._answer(self._results(lease, request.content))
        if parts[-1] == "release":
            for index in self.leases.pop(lease):
                self._give_back(index, counted=False)
        return self._answer(wire.LeaseStatus(held=True, stop=self.stop, ttl_s=self.ttl_s))

    def _of_study(self, call: str, request: httpx.Request) -> httpx.Response:
        if call == "work":
            return self._answer(self._work(int(request.url.params["after"])))
        if call == "failure":
            self.given_up.append(wire.StudyFailure.model_validate_json(request.content).reason)
            return self._answer(wire.LeaseStatus(held=False, stop=True, ttl_s=self.ttl_s))
        if self.refusal:
            return httpx.Response(409, json={"detail": self.refusal})
        return self._answer(self._lease(wire.LeaseRequest.model_validate_json(request.content)))

    def _work(self, after: int) -> wire.WorkPage:
        indices = sorted(i for i in self.waiting if i > after)
        shown = indices[: self.page_size]
        trials = [self.waiting[i] for i in shown]
        return wire.WorkPage(
            study="s1",
            state=self.state,
            running=sum(map(len, self.leases.values())),
            checkpoint_every=self.checkpoint_every,
            trials=trials,
            cells={t.cell: self.cells[t.cell] for t in trials},
            next_after=shown[-1] if len(shown) < len(indices) else None,
        )

    def _lease(self, request: wire.LeaseRequest) -> wire.Lease:
        self.asked.append(request)
        reused = [i for i in request.trials if i in self.waiting and i in self.known]
        for index in reused:
            del self.waiting[index]
        granted = [i for i in request.trials if i in self.waiting]
        name = f"lease-{len(self.calls)}"
        self.leases[name] = set(granted)
        self._leased = {**getattr(self, "_leased", {}), **{i: self.waiting[i] for i in granted}}
        for index in granted:
            del self.waiting[index]
        return wire.Lease(lease=name, granted=granted, reused=len(reused), ttl_s=self.ttl_s)

    def _results(self, lease: str, content: bytes) -> wire.ResultReceipt:
        batch = wire.ResultBatch.model_validate_json(content)
        json.loads(content, parse_constant=_refuse)
        for result in batch.results:
            self.results[result.index] = result
            self.leases[lease].discard(result.index)
        for failure in batch.failures:
            self.failures[failure.index] = failure.error
            if failure.incurable:
                self.incurable.add(failure.index)
            self.leases[lease].discard(failure.index)
        stored = len(batch.results)
        return wire.ResultReceipt(stored=stored, duplicates=0, refused=0, stop=self.stop)

    def _give_back(self, index: int, counted: bool) -> None:
        trial = self._leased[index]
        attempts = trial.attempts + counted
        self.waiting[index] = trial.model_copy(update={"attempts": attempts})

    @staticmethod
    def _answer(model: wire.Wire) -> httpx.Response:
        return httpx.Response(200, text=model.model_dump_json())


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
