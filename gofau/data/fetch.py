"""Fetching: download once, check, unpack aside and rename into place."""

import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from gofau.data.download import checksum, download
from gofau.data.errors import CorruptDataError, FolderError
from gofau.data.sources import Source, data_root, sources
from gofau.locks import locked

Report = Callable[[str], None]


def fetch(name: str, root: Path | None = None, report: Report = lambda _: None) -> Path:
    """Bring the data set into ``root``, unless it is there already.

    Callers on one file system take turns, so that the archive is downloaded once. The folder
    appears whole or not at all. An archive that was put into ``root`` by hand is used in place
    of a download if its checksum is right.

    Args:
        name: of a data set in `gofau.data.sources`.
        root: the folder to keep data in; by default `data_root`.
        report: takes sentences about progress.

    Returns:
        Path: the data set's folder.

    Raises:
        gofau.catalog.CatalogError: an unknown name.
        FetchError: the download ended early; the next call resumes it.
        CorruptDataError: the archive does not match its checksum or its layout.
        FolderError: ``root`` cannot be made or written to, or its disk is full.
    """
    source = sources.get(name, "name")
    root = data_root() if root is None else root
    try:
        return _fetch(source, root, report)
    except OSError as error:
        raise FolderError(root, error) from error


def _fetch(source: Source, root: Path, report: Report) -> Path:
    name, folder = source.name, root / source.folder
    root.mkdir(parents=True, exist_ok=True)
    with locked(root / f".{name}.lock"):
        if folder.is_dir():
            report(f"{name} is in {folder} already")
            return folder
        archive = root / source.archive
        if not _is_right(source, archive, report):
            report(f"downloading {source.url}")
            download(source, archive, report)
        report(f"unpacking {archive.name}")
        _unpack(source, archive, folder)
        archive.unlink()
    report(f"{name} is in {folder}")
    return folder


def _is_right(source: Source, archive: Path, report: Report) -> bool:
    if not archive.is_file():
        return False
    got = checksum(archive)
    if got != source.md5:
        report(f"{archive}: got MD5 {got}, expected {source.md5}; it is not used")
    return got == source.md5


def _unpack(source: Source, archive: Path, folder: Path) -> None:
    with TemporaryDirectory(dir=folder.parent, prefix=f".{source.name}.") as aside:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(aside)
        else:
            with tarfile.open(archive) as packed:
                packed.extractall(aside, filter="data")
        made = Path(aside) / source.folder
        if not made.is_dir():
            got = ", ".join(sorted(p.name for p in Path(aside).iterdir())) or "nothing"
            raise CorruptDataError(archive, got, f"a folder {source.folder}", "delete it")
        shutil.move(made, folder)
