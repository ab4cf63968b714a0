"""Make a store with real results, and a record of what the API of the day answers about it.

``python -m tests.service.stores.make NAME`` writes ``NAME.sql.gz`` and ``NAME.json.gz`` here: a
dump of the SQLite file, and every call of the client with its answer. Later releases are held to
both.
"""

import gzip
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from gofau_service.cli.local.stack import StackOptions, local_stack
from gofau_service.client import Client
from gofau_service.settings import Settings
from tests.service.fakes import FakeRunner, Service, diverged

HERE = Path(__file__).parent
ADMIN = "admin-of-a-store"
FAILED = "some failed"
KEPT = ("content-type", "idempotency-key", "authorization", "accept")

GRID: dict[str, Any] = {
    "name": "a grid",
    "problem": {"name": "digits-mlp", "width": 8, "depth": 1},
    "epochs": 2,
    "directions": ["sgd", {"name": "rmsprop", "alpha": 0.9}],
    "rules": ["additive", {"name": "hybrid", "gamma": 0.5}],
    "axes": {
        "lr": {"log": [0.01, 1.0e4], "points": 3},
        "init_scale": {"log": [0.5, 2.0], "points": 2},
    },
    "seeds": 2,
    "goal": {"metric": "val_loss", "target": 1.5},
}
SEARCH: dict[str, Any] = {
    **GRID,
    "name": "a search in rounds",
    "directions": ["sgd"],
    "rules": ["additive"],
    "axes": {"lr": {"log": [0.001, 10.0]}},
    "search": {"sampler": "tpe", "trials": 14, "batch": 4},
    "seeds": 1,
    "goal": {"metric": "val_accuracy"},
}
HALVED: dict[str, Any] = {
    **GRID,
    "name": "a halved search",
    "epochs": 4,
    "directions": ["sgd"],
    "axes": {"lr": {"log": [0.001, 1.0]}, "weight_decay": {"log": [1.0e-6, 1.0e-3]}},
    "search": {"sampler": "random", "trials": 6},
    "halving": {"first": 1, "factor": 2},
}
TOY: dict[str, Any] = {
    "name": "a toy",
    "problem": "rosenbrock",
    "epochs": 3,
    "directions": ["sgd"],
    "rules": ["additive", {"name": "multiplicative", "lr_in": 1.0}],
    "axes": {"lr": {"log": [1.0e-4, 1.0], "points": 3}},
    "seeds": 2,
}
OTHER: dict[str, Any] = {**GRID, "name": "another", "epochs": 3, "directions": ["sgd"]}


def train(folder: Path) -> None:
    """Run studies of every kind, as a user does on one machine."""
    with (
        local_stack(StackOptions(folder, port=0, cpus=2)) as stack,
        Client(stack.state.url) as client,
    ):
        for spec in (GRID, SEARCH, HALVED, TOY, {**GRID, "name": "the grid again"}):
            study = client.submit(spec, key=spec["name"]).id
            list(client.watch(study))
        first = next(s.id for s in client.list() if s.name == GRID["name"])
        client.extend(first, seeds=3)
        list(client.watch(first))
        client.tag(first, ["kept", "of old"])
        client.pause(client.submit({**GRID, "name": "paused", "seeds": [5, 7], "epochs": 3}).id)
        client.cancel(client.submit({**GRID, "name": "cancelled", "epochs": 4}).id)


@dataclass
class Tapped(httpx.SyncByteStream):
    """A stream that keeps what passes."""

    stream: httpx.SyncByteStream
    passed: bytearray = field(default_factory=bytearray)

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.stream:
            self.passed += chunk
            yield chunk

    def close(self) -> None:
        self.stream.close()


class Recording(httpx.HTTPTransport):
    """A transport that keeps every request with what is read of its answer."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[tuple[dict[str, Any], Tapped]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        assert isinstance(answer.stream, httpx.SyncByteStream)
        tapped = Tapped(answer.stream)
        kept = {
            "method": request.method,
            "target": request.url.raw_path.decode(),
            "headers": {k: request.headers[k] for k in KEPT if k in request.headers},
            "body": request.content.decode(),
            "status": answer.status_code,
            "kind": answer.headers.get("content-type", "").partition(";")[0],
        }
        self._kept.append((kept, tapped))
        return httpx.Response(answer.status_code, headers=answer.headers, stream=tapped)

    @property
    def kept(self) -> list[dict[str, Any]]:
        """The exchanges, each with its answer in letters that stand for the bytes."""
        return [{**kept, "answer": tapped.passed.decode("latin-1")} for kept, tapped in self._kept]


def settings_of(database: Path) -> Settings:
    """A service that demands tokens and starts no jobs."""
    return Settings(
        database_url=f"sqlite:///{database}",
        reconcile=False,
        auth=True,
        admin_token=SecretStr(ADMIN),
    )


def record(database: Path) -> list[dict[str, Any]]:
    """Every call of the client, on a service without a cluster."""
    service = Service.start(settings_of(database), FakeRunner())
    transport = Recording()
    try:
        with Client(service.server.url, ADMIN, transport=transport) as client:
            for _ in calls(client, service):
                pass
    finally:
        service.close()
    return transport.kept


def reads(client: Client) -> Iterator[object]:
    """The calls that change nothing."""
    studies = {study.name: study.id for study in client.list(limit=3)}
    yield list(client.list(sort="name", state="completed"))
    yield list(client.list(tag="kept"))
    grid, search, halved = (studies[spec["name"]] for spec in (GRID, SEARCH, HALVED))
    for study in studies.values():
        yield client.get(study)
        yield list(client.trials(study, limit=20))
        yield list(client.cells(study))
        yield client.provenance(study)
    for study in (grid, search, halved, studies[TOY["name"]]):
        yield client.report(study)
    yield client.report_markdown(grid)
    yield client.report_html(grid)
    yield client.compare(grid, studies["the grid again"])
    for kind in ("csv", "ndjson", "parquet"):
        yield list(client.export(grid, kind))
    yield list(client.export(grid, "csv", rule="hybrid", outcome="diverged"))
    yield list(client.trials(grid, sort="-best", where=["lr>=0.1", "val_accuracy>0.2"], limit=5))
    yield list(client.cells(grid, metric="val_accuracy"))
    yield [client.trial(study, 0) for study in (grid, search, halved)]
    yield list(client.tokens())
    yield client.catalog()
    yield client.limits()
    yield next(client.watch(grid))
    yield next(client.changes())


def calls(client: Client, service: Service) -> Iterator[object]:
    """Every call: first those that change nothing."""
    yield from reads(client)
    yield client.validate({**OTHER, "name": "never stored"})
    study = client.submit(OTHER, key="other").id
    yield client.submit(OTHER, key="other")
    yield client.submit(OTHER, fresh=True, key="fresh")
    for act in (client.pause, client.resume):
        yield act(study)
    yield client.extend(study, seeds=3)
    yield client.extend(study, axes={"lr": {"log": [0.01, 1.0e7], "points": 4}})
    yield client.tag(study, ["new"])
    yield client.cancel(study)
    token = client.create_token("ci", owner="ana", scopes=["submit"], expires_in_s=3600)
    yield client.revoke_token(token.id)
    yield client.delete(study, force=True)
    failed = next(s.id for s in client.list() if s.name == FAILED)
    yield client.retry(failed)


def failures(database: Path) -> None:
    """Add a study of which some trials failed and others diverged, and tokens of each scope."""
    many = {"max_running_studies": 99, "owner_running_studies": 99}
    settings = Settings(database_url=f"sqlite:///{database}", reconcile=False, **many)
    service = Service.start(settings, FakeRunner())
    try:
        service.reconciler.look()
        service.clock.at += 2 * settings.leader_ttl_s  # the service that trained leads no more
        worker = service.started({**OTHER, "name": FAILED, "directions": ["adam"]})
        lease = worker.lease(*range(24))
        reasons = {0: "RuntimeError: cheese", 1: "ValueError: ham"}
        worker.post(lease.lease, 2, 3, make=diverged, failures=reasons, incurable=True)
        worker.post(lease.lease, *range(4, 24))
        service.reconciler.look()
        with Client(service.server.url) as client:
            for scope in ("read", "submit", "admin"):
                client.create_token(scope, owner="ana", scopes=[scope])
    finally:
        service.close()


def dump(database: Path) -> str:
    """The database as SQL, which reads the same on every SQLite."""
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def main(name: str) -> None:
    """Make both files."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "gofau.db"
        train(Path(folder))
        failures(database)
        Service.start(settings_of(database), FakeRunner()).close()  # it stores the admin's token
        stored = dump(database)
        kept = json.dumps(record(database), indent=1)
    for kind, text in (("sql", stored), ("json", kept)):
        (HERE / f"{name}.{kind}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main(sys.argv[1])
