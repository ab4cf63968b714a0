"""Databases for tests: empty ones, already migrated, of each kind."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, make_url, text

from gofau_service.store import migrations
from gofau_service.store.engine import Store
from gofau_service.store.schema import metadata, migrate


def prepare(url: str) -> None:
    """Put the tables into a SQLite file that is not there yet; leave every other database."""
    parsed = make_url(url)
    file = Path(parsed.database or "")
    if parsed.get_backend_name() == "sqlite" and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    """A SQLite database that the migrations made; a copy takes a tenth of their time."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "gofau.db"
        store = Store(f"sqlite:///{file}")
        migrate(store)
        store.close()
        return file.read_bytes()


def empty(url: str) -> None:
    """Empty the tables of a PostgreSQL database, or drop them where they are not up to date."""
    with _changing(url) as connection:
        if _revision(connection) == _head():
            names = ", ".join(table.name for table in metadata().sorted_tables)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
        else:
            _drop(connection)


def drop(url: str) -> None:
    """Drop everything in a PostgreSQL database."""
    with _changing(url) as connection:
        _drop(connection)


def hasten(url: str) -> None:
    """Have a PostgreSQL server that nobody else uses wait for no disk."""
    with _changing(url, isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))


@contextmanager
def _changing(url: str, **options: Any) -> Iterator[Connection]:
    engine = create_engine(url, **options)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _drop(connection: Connection) -> None:
    connection.execute(text("DROP SCHEMA public CASCADE"))
    connection.execute(text("CREATE SCHEMA public"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


@cache
def _head() -> str | None:
    return ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head()
