"""The store: one engine, read and write transactions, SQLite or PostgreSQL by URL.

A transaction is a `Session`. The floors above hand it from function to function of the store.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.orm import Session

from gofau_service.errors import SettingsError

__all__ = ["Session", "Store", "analyze"]

BUSY_MS = 30_000
WRITES = "gofau_writes"
SAMPLE = 1_000


class Store:
    """Gives transactions that commit at the end of their block and roll back on an error.

    Laws: a write block sees its own changes and nobody sees half of them; on SQLite there is one
    writer at a time (``BEGIN IMMEDIATE``, so a writer waits instead of failing half-way); on
    PostgreSQL writers of one study queue on its row (`gofau_service.store.studies.lock`).
    Both blocks are safe in any thread.
    """

    def __init__(self, url: str) -> None:
        parsed = _with_driver(make_url(url))
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.engine = _sqlite(parsed) if self.is_sqlite else _postgresql(parsed)
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()
        self._writer = self.engine.execution_options(**{WRITES: True})

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent read-only view."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits unless the block raises."""
        with self._turn, Session(self._writer) as session, session.begin():
            yield session

    def analyze(self) -> None:
        """Tell the planner how large the tables are."""
        with self.write() as session:
            analyze(session)

    def ping(self) -> None:
        """Ask the database for nothing; raises what the driver raises when it is away."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A connection in one transaction that no other replica migrates beside."""
        with self._turn, self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(7271061)"))
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def analyze(session: Session) -> None:
    """Tell the planner how large the tables are, as is due once many rows came at once.

    Without it PostgreSQL plans as if the rows of this transaction were not there, and takes
    minutes for what takes a second.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text(f"PRAGMA analysis_limit={SAMPLE}"))
    for table in ("trials", "cells"):
        session.execute(text(f"ANALYZE {table}"))


def _with_driver(url: URL) -> URL:
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def _postgresql(url: URL) -> Engine:
    # The words come as text in whatever encoding the database was made.
    utf8 = {"client_encoding": "utf8"}
    return create_engine(url, pool_pre_ping=True, pool_size=20, max_overflow=30, connect_args=utf8)


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise SettingsError(f"GOFAU_DATABASE_URL: got {url}, expected the path of a file")
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=30,
        connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000},
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MS}",
        "cache_size=-64000",
        "temp_store=MEMORY",
        "mmap_size=1073741824",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
