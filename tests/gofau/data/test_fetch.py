"""Fetching from a server on the loopback interface: once, checked, resumed, whole or not at all."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gofau.catalog import CatalogError
from gofau.data import CorruptDataError, FetchError, MissingDataError, data_root, fetch, present
from gofau.data.__main__ import main
from gofau.data.sources import Source, sources
from tests.gofau.data.archive_server import ArchiveServer

NAMES = ("cifar10", "cifar100", "tiny-imagenet")


def left_in(root: Path) -> list[str]:
    return sorted(p.name for p in root.iterdir() if not p.name.endswith(".lock"))


@pytest.mark.parametrize("name", NAMES)
def test_a_fetch_leaves_the_folder_and_nothing_else(
    server: ArchiveServer, tmp_path: Path, name: str
) -> None:
    folder = fetch(name, tmp_path)
    assert folder == present(name, tmp_path)
    assert left_in(tmp_path) == [sources.get(name, "name").folder]


def test_a_second_fetch_asks_for_nothing(server: ArchiveServer, tmp_path: Path) -> None:
    lines: list[str] = []
    folder = fetch("cifar10", tmp_path)
    assert fetch("cifar10", tmp_path, lines.append) == folder
    assert lines == [f"cifar10 is in {folder} already"]
    assert len(server.requests) == 1


def test_fetchers_at_the_same_time_download_once(server: ArchiveServer, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: fetch("cifar100", tmp_path), range(4)))
    assert len(set(folders)) == 1
    assert len(server.requests) == 1


def test_a_broken_download_is_resumed_where_it_ended(server: ArchiveServer, tmp_path: Path) -> None:
    server.break_after = 1000
    message = "with .* bytes missing after 1,000 bytes, expected the whole archive; run the same"
    with pytest.raises(FetchError, match=message):
        fetch("cifar10", tmp_path)
    assert left_in(tmp_path) == ["cifar-10-python.tar.gz.part"]
    fetch("cifar10", tmp_path)
    assert server.requests == ["", "bytes=1000-"]
    assert left_in(tmp_path) == ["cifar-10-batches-py"]


def test_a_server_without_ranges_starts_over(server: ArchiveServer, tmp_path: Path) -> None:
    (tmp_path / "cifar-10-python.tar.gz.part").write_bytes(b"half of something")
    server.ranges = False
    fetch("cifar10", tmp_path)
    assert left_in(tmp_path) == ["cifar-10-batches-py"]


def test_a_complete_part_needs_no_more_bytes(
    server: ArchiveServer, archives: dict[str, bytes], tmp_path: Path
) -> None:
    part = tmp_path / "cifar-10-python.tar.gz.part"
    part.write_bytes(archives["cifar-10-python.tar.gz"])
    fetch("cifar10", tmp_path)
    assert left_in(tmp_path) == ["cifar-10-batches-py"]


def test_an_archive_put_there_by_hand_is_used(
    server: ArchiveServer, archives: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "tiny-imagenet-200.zip").write_bytes(archives["tiny-imagenet-200.zip"])
    fetch("tiny-imagenet", tmp_path)
    assert server.requests == []


def test_half_an_archive_put_there_by_hand_is_named_and_fetched_anew(
    server: ArchiveServer, archives: dict[str, bytes], tmp_path: Path
) -> None:
    archive = tmp_path / "cifar-10-python.tar.gz"
    archive.write_bytes(archives[archive.name][:100])
    lines: list[str] = []
    fetch("cifar10", tmp_path, lines.append)
    assert lines[0].startswith(f"{archive}: got MD5 ")
    assert lines[0].endswith(f", expected {sources.get('cifar10', 'name').md5}; it is not used")
    assert left_in(tmp_path) == ["cifar-10-batches-py"]


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_folder_that_cannot_be_made_is_named(
    server: ArchiveServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], below: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    root = tmp_path / "file" / below
    assert main(["fetch", "cifar10", "--root", str(root)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{root}: got ")
    assert said.endswith("with room; give another with --root or GOFAU_DATA\n")
    assert server.requests == []


def test_a_wrong_checksum_is_never_unpacked(server: ArchiveServer, tmp_path: Path) -> None:
    server.files = {"cifar-10-python.tar.gz": b"not an archive"}
    with pytest.raises(CorruptDataError, match=r"got MD5 \w{32}, expected MD5 \w{32}; the downl"):
        fetch("cifar10", tmp_path)
    assert left_in(tmp_path) == []


def test_an_archive_without_its_folder_is_refused(
    server: ArchiveServer, archives: dict[str, bytes], tmp_path: Path
) -> None:
    given = sources.get("cifar10", "name")
    moved = Source(given.name, given.url, given.md5, given.archive, "another-folder")
    sources._entries["cifar10"] = moved  # type: ignore[index]
    with pytest.raises(CorruptDataError, match="got cifar-10-batches-py, expected a folder anoth"):
        fetch("cifar10", tmp_path)
    assert left_in(tmp_path) == [given.archive]


def test_an_unreachable_server_says_so(server: ArchiveServer, tmp_path: Path) -> None:
    server.files = {}
    with pytest.raises(FetchError, match="got HTTP Error 404: Not Found after 0 bytes") as error:
        fetch("cifar10", tmp_path)
    assert f"put cifar-10-python.tar.gz into {tmp_path} yourself" in str(error.value)


def test_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="expected a known data set: cifar10, cifar100, tiny-im"):
        fetch("mnist", tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_missing_data_names_the_command(tmp_path: Path, name: str) -> None:
    expected = f"fetch it with: python -m gofau.data fetch {name} --root {tmp_path}"
    with pytest.raises(MissingDataError) as error:
        present(name, tmp_path)
    assert str(error.value).endswith(expected)


def test_the_root_is_the_environments_or_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFAU_DATA", "~/somewhere")
    assert data_root() == Path.home() / "somewhere"
    monkeypatch.delenv("GOFAU_DATA")
    assert data_root() == Path.home() / ".cache" / "gofau" / "data"


def test_the_command_reports_and_exits(
    server: ArchiveServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "cifar10", "--root", str(tmp_path)]) == 0
    assert f"cifar10 is in {tmp_path / 'cifar-10-batches-py'}\n" in capsys.readouterr().out
    server.files = {}
    assert main(["fetch", "cifar100", "--root", str(tmp_path)]) == 1
    assert "HTTP Error 404" in capsys.readouterr().err


def test_the_command_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys, gofau.data.__main__ as m\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
        "m.main(['fetch', 'mnist'])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 2
    assert "invalid choice: 'mnist'" in ended.stderr
