"""Snapshots of the whole store while it is in use, and a store made from one.

SQLite is copied by ``VACUUM INTO``, PostgreSQL by its own ``pg_dump`` and ``pg_restore``; both
read one consistent state and let writers go on.
Sources: https://www.sqlite.org/lang_vacuum.html#vacuuminto,
https://www.postgresql.org/docs/current/app-pgdump.html
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.engine import URL

from gofau_service.errors import BackupError

TAIL = 1_000


def back_up(url: str, file: Path) -> None:
    """Write a snapshot of the store to a file, which appears when it is whole.

    Args:
        url: the store's SQLAlchemy URL.
        file: the snapshot; must not exist.

    Raises:
        BackupError: the file exists, there is no store, or the database refuses.
    """
    if file.exists():
        raise BackupError(f"{file}: got a file, expected none; name another or move it away")
    parsed = make_url(url)
    copy = _copy_sqlite if _is_sqlite(parsed) else _dump_postgresql
    _whole(file, lambda part: copy(parsed, part))


def restore(url: str, file: Path) -> None:
    """Make a store from a snapshot; `migrate` then brings it to this version's schema.

    Args:
        url: where to; its SQLite file must not exist, its PostgreSQL database must be empty.
        file: a snapshot that `back_up` wrote.

    Raises:
        BackupError: there is a store already, or the file is no sound snapshot for it.
    """
    if not file.is_file():
        raise BackupError(f"{file}: got no file, expected one that gofau backup wrote")
    parsed = make_url(url)
    if _is_sqlite(parsed):
        _restore_sqlite(parsed, file)
    else:
        _restore_postgresql(parsed, file)


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _whole(file: Path, write: Callable[[Path], None]) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        # A snapshot holds the digests of tokens and all results: it is its owner's alone.
        _begin(file, part)
        write(part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _begin(file: Path, part: Path) -> None:
    try:
        part.touch(mode=0o600)
    except OSError as error:
        raise BackupError(f"{file}: {error.strerror}; expected a file to write") from error


def _copy_sqlite(url: URL, part: Path) -> None:
    source = Path(str(url.database))
    if not source.is_file():
        raise BackupError(f"{source}: got no file, expected the service's database")
    connection = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=60)
    try:
        connection.execute("VACUUM INTO ?", (str(part),))
    except sqlite3.Error as error:
        raise BackupError(f"{source}: {error}") from error
    finally:
        connection.close()


def _restore_sqlite(url: URL, file: Path) -> None:
    target = Path(str(url.database))
    beside = [target, *(target.with_name(target.name + end) for end in ("-wal", "-shm"))]
    there = [path for path in beside if path.exists()]
    if there:
        raise BackupError(
            f"{there[0]}: got a file, expected none; stop the service and move it away"
        )
    _check_sqlite(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    _whole(target, lambda part: _copied(file, part))


def _copied(file: Path, part: Path) -> None:
    shutil.copyfile(file, part)


def _check_sqlite(file: Path) -> None:
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        [said] = connection.execute("PRAGMA integrity_check(1)").fetchone()
        connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("SELECT public_id, spec_hash FROM studies LIMIT 1").fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{file}: {error}; expected a store's SQLite snapshot") from error
    finally:
        connection.close()
    if said != "ok":
        raise BackupError(f"{file}: got {said!r} from the integrity check, expected 'ok'")


def _dump_postgresql(url: URL, part: Path) -> None:
    _run(["pg_dump", "--format=custom", "--no-owner", f"--file={part}"], url)


def _restore_postgresql(url: URL, file: Path) -> None:
    engine = create_engine(url.set(drivername="postgresql+psycopg"))
    try:
        tables = inspect(engine).get_table_names()
    finally:
        engine.dispose()
    if tables:
        raise BackupError(
            f"{url.database}: got a database with {len(tables)} tables, expected an empty one"
        )
    options = ["--exit-on-error", "--single-transaction", "--no-owner", f"--dbname={url.database}"]
    _run(["pg_restore", *options, str(file)], url)


def _run(command: Sequence[str], url: URL) -> None:
    """Run one of PostgreSQL's programs; the password goes by the environment, which is private."""
    name = command[0]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **_libpq(url)},
            check=False,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise BackupError(
            f"{name}: got none on the PATH, expected PostgreSQL's own, not older than the server"
        ) from error
    if done.returncode:
        raise BackupError(f"{name}: exit code {done.returncode}: {done.stderr.strip()[-TAIL:]}")


def _libpq(url: URL) -> Mapping[str, str]:
    host = url.host or url.query.get("host", "")
    given = {
        "PGHOST": host if isinstance(host, str) else ",".join(host),
        "PGPORT": str(url.port or ""),
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
    }
    return {name: value for name, value in given.items() if value}
