"""A folder of small data sets, and a server of their archives on the loopback interface."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gofau.data.archive_server import ArchiveServer
from tests.gofau.data.archives import make_archives, trust, unpack


@pytest.fixture(scope="session")
def archives() -> dict[str, bytes]:
    return make_archives()


@pytest.fixture
def server(archives: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[ArchiveServer]:
    with ArchiveServer(archives) as running:
        trust(monkeypatch, archives, running.base)
        yield running


@pytest.fixture
def data(archives: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All small data sets, fetched and unpacked, in the folder that GOFAU_DATA names."""
    root = tmp_path / "data"
    root.mkdir()
    unpack(archives, root)
    trust(monkeypatch, archives, "http://127.0.0.1:9")
    monkeypatch.setenv("GOFAU_DATA", str(root))
    return root
