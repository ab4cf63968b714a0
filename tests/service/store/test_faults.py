"""Faults of the service, its database and the network, with real processes and no cluster."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from gofau_service.cli.local import server
from gofau_service.cli.local.ports import free_port
from gofau_service.store import studies as repository
from gofau_service.store.engine import Store
from gofau_service.tokens import bearer
from gofau_service.tokens.principal import LOCAL, Scope
from gofau_studies.protocol import wire
from gofau_studies.protocol.trials import StudyState
from gofau_workers.errors import LeaseLostError
from gofau_workers.service_client import ServiceClient
from gofau_workers.settings import WorkerSettings
from tests.service.fakes import CODE, SPEC, TRIALS, Service, result
from tests.service.studies.test_leases import assert_consistent

LONG = {**SPEC, "seeds": 100}
COUNT = TRIALS // 2 * 100
PACK = 40


class Process:
    """A service in a process of its own, which can be killed and started again."""

    def __init__(self, database: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._settings = {
            "GOFAU_PORT": str(self.port),
            "GOFAU_DATABASE_URL": database,
            "GOFAU_LEASE_TTL_S": "2",
            "GOFAU_RECONCILE_EVERY_S": "0.2",
        }
        self.start()

    def start(self) -> None:
        self._process = server.start_server("faults", self._settings, self._folder)
        server.wait_for_server(self.url, self._process)

    def kill(self) -> None:
        self._process._process.kill()
        self._process._process.wait()


@pytest.fixture
def process(database: str, tmp_path: Path) -> Iterator[Process]:
    started = Process(database, tmp_path)
    yield started
    started.kill()


@contextmanager
def worked(database: str, url: str) -> Iterator[str]:
    """A study of which a worker completes whatever waits, in packs, until all is done."""
    study: str = httpx.post(f"{url}/v1/studies", json=LONG, timeout=60).json()["id"]
    store = Store(database)
    with store.write() as session:
        row = repository.lock(session, study)
        repository.set_state(session, row, StudyState.RUNNING)
        token, _ = bearer.issue(session, LOCAL.owner, [Scope.WORKER], "t", study_id=row.id)
    client = ServiceClient(WorkerSettings(url, study, token, patience_s=120))
    failed: list[BaseException] = []
    thread = threading.Thread(target=work, args=(client, failed))
    thread.start()
    yield study
    thread.join()
    client.close()
    assert failed == []
    with store.read() as session:
        row = repository.find(session, study)
        assert (row.state, row.completed, row.running) == ("completed", COUNT, 0)
    assert_consistent(store, study)
    assert_results(store, study)
    store.close()


def work(client: ServiceClient, failed: list[BaseException]) -> None:
    """Lease, train (nothing), post, until no trial is left."""
    try:
        while True:
            page = next(client.work())
            if page.state is not StudyState.RUNNING:
                return
            pack = [trial.index for trial in page.trials[:PACK]]
            if not pack:
                time.sleep(0.1)
                continue
            request = wire.LeaseRequest(worker="w", trials=pack, code_version=CODE)
            lease = client.lease(request)
            results = [wire.TrialResult.model_validate(result(i)) for i in lease.granted]
            try:
                client.post(lease.lease, wire.ResultBatch(results=results))
                client.release(lease.lease)
            except LeaseLostError:
                continue
    except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
        failed.append(error)


def assert_results(store: Store, study: str) -> None:
    """Every trial has its own result and no other."""
    from sqlalchemy import select

    from gofau_service.store.tables.trials import Trial

    with store.read() as session:
        row = repository.find(session, study)
        query = select(Trial.index, Trial.value).where(Trial.study_id == row.id)
        values = dict(session.execute(query).all())
    assert values == {i: result(i)["best"] for i in range(COUNT)}


def completed(url: str, study: str) -> int:
    while True:
        try:
            count: int = httpx.get(f"{url}/v1/studies/{study}").json()["counts"]["completed"]
            return count
        except (httpx.TransportError, KeyError):
            time.sleep(0.05)


def wait_past(url: str, study: str, count: int) -> None:
    while completed(url, study) < min(count, COUNT):
        time.sleep(0.02)


@pytest.mark.slow
def test_a_killed_service_loses_and_doubles_nothing(database: str, process: Process) -> None:
    with worked(database, process.url) as study:
        for share in (0.1, 0.3, 0.5, 0.7):
            wait_past(process.url, study, int(share * COUNT))
            process.kill()
            process.start()


@pytest.mark.slow
def test_a_restarted_postgresql_loses_and_doubles_nothing(
    postgres_server: Any, tmp_path: Path
) -> None:
    url = postgres_server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    process = Process(url, tmp_path)
    try:
        with worked(url, process.url) as study:
            for share in (0.2, 0.6):
                wait_past(process.url, study, int(share * COUNT))
                postgres_server.stop()
                time.sleep(1)
                postgres_server.start()
    finally:
        process.kill()


@pytest.mark.slow
def test_a_cut_network_loses_and_doubles_nothing(database: str, process: Process) -> None:
    with Proxy(process.port) as proxy, worked(database, proxy.url) as study:
        for share in (0.2, 0.6):
            wait_past(process.url, study, int(share * COUNT))
            proxy.cut()
            time.sleep(5)
            proxy.mend()


class Proxy:
    """Carries connections to a port; while cut it closes them and takes no new ones."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._whole = True
        self._open: set[socket.socket] = set()
        self._turn = threading.Lock()

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        _end(self._listening)
        self._listening.close()
        self.cut()

    def cut(self) -> None:
        with self._turn:
            self._whole = False
            for one in self._open:
                _end(one)

    def mend(self) -> None:
        with self._turn:
            self._whole = True

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            with self._turn:
                if self._whole:
                    self._connect(near)
                else:
                    near.close()

    def _connect(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._port))
        except OSError:  # nobody listens there now
            near.close()
            return
        self._open |= {near, far}
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        finally:
            with self._turn:
                self._open.discard(source)
                _end(target)
                source.close()


def _end(one: socket.socket) -> None:
    """End a connection in both directions; a thread that reads from it wakes up."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


def test_a_full_disk_refuses_and_stores_nothing(
    sqlite: str, make_service: Callable[..., Service]
) -> None:
    service = make_service(sqlite)
    worker = service.started()
    lease = worker.lease(0, 1).lease

    def fill(connection: Any, *_: object) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")

    event.listen(service.store.engine, "begin", fill)
    refused = service.http.post("/v1/studies", json={**SPEC, "seeds": 500})
    assert (refused.status_code, refused.json()["title"]) == (503, "Service unavailable")
    event.remove(service.store.engine, "begin", fill)

    def empty(connection: Any, *_: object) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=4294967294")

    event.listen(service.store.engine, "begin", empty)
    assert len(service.http.get("/v1/studies").json()["items"]) == 1
    assert worker.post(lease, 0, 1).stored == 2
    worker.finish()
    assert_consistent(service.store, worker.study)


def test_a_store_that_is_away_for_long_ends_no_lease(
    any_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = any_service.started()
    lease = worker.lease(0)
    any_service.reconciler.look()
    any_service.clock.at += any_service.settings.lease_ttl_s / 2
    with monkeypatch.context() as patched:
        patched.setattr(any_service.store, "write", away)
        patched.setattr(any_service.store, "read", away)
        with pytest.raises(OperationalError):
            any_service.reconciler.look()
    any_service.clock.at += any_service.settings.lease_ttl_s / 2
    any_service.reconciler.look()
    assert worker.beat(lease.lease).held


def away() -> None:
    """What a store does that does not answer."""
    raise OperationalError("BEGIN", None, Exception("the store is away"))


@pytest.mark.parametrize("said", ["database or disk is full", "could not: No space left on device"])
def test_a_full_disk_is_called_so(
    service: Service, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    def full() -> None:
        raise OperationalError("INSERT", None, Exception(said))

    with monkeypatch.context() as patched:
        patched.setattr(service.store, "write", full)
        answer = service.http.post("/v1/studies", json=SPEC)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the store's disk is full; make room"


def test_a_clock_that_steps_ends_no_lease(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = service.started()
    lease = worker.lease(0)
    service.reconciler.look()
    wall = time.time
    monkeypatch.setattr(time, "time", lambda: wall() + 86_400)
    service.reconciler.look()
    assert worker.beat(lease.lease).held
    monkeypatch.setattr(time, "time", lambda: wall() - 86_400)
    service.reconciler.look()
    assert worker.post(lease.lease, 0).stored == 1
