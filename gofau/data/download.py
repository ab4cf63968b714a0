"""Resumable downloads of archives that have a published checksum."""

import hashlib
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from gofau.data.errors import CorruptDataError, FetchError
from gofau.data.sources import Source

BLOCK = 1 << 20
TIMEOUT = 60.0
"""Seconds without a byte after which a download counts as broken."""

RANGE_NOT_SATISFIABLE = 416
PARTIAL_CONTENT = 206


def checksum(path: Path) -> str:
    """The MD5 of a file in hex digits; the publishers give MD5 and nothing stronger."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def download(source: Source, archive: Path, report: Callable[[str], None]) -> None:
    """Bring the archive to ``archive``, going on from what an earlier call left.

    Raises:
        FetchError: the connection failed or ended early; what arrived is kept for the next call.
        CorruptDataError: the whole file has another checksum; it is deleted.
    """
    part = archive.with_name(f"{archive.name}.part")
    try:
        _receive(source.url, part, report)
    except (OSError, HTTPException) as error:
        kept = part.stat().st_size if part.exists() else 0
        raise FetchError(
            f"{source.url}: got {error or type(error).__name__} after {kept:,} bytes, expected "
            f"the whole archive; run the same command again to resume, or put {archive.name} into "
            f"{archive.parent} yourself before"
        ) from error
    got = checksum(part)
    if got != source.md5:
        part.unlink()
        remedy = f"the download was deleted; fetch it again, or put {archive.name} there yourself"
        raise CorruptDataError(part, f"MD5 {got}", f"MD5 {source.md5}", remedy)
    part.replace(archive)


def _receive(url: str, part: Path, report: Callable[[str], None]) -> None:
    done = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        response: HTTPResponse = urlopen(request, timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        if error.code == RANGE_NOT_SATISFIABLE and done:
            return  # nothing is left to send; the checksum decides
        raise
    with response:
        resumed = response.status == PARTIAL_CONTENT
        if resumed:
            report(f"resuming after {done:,} bytes")
        with part.open("ab" if resumed else "wb") as file:
            _copy(response, file.write, report)


def _copy(
    response: HTTPResponse, write: Callable[[bytes], object], report: Callable[[str], None]
) -> None:
    total = int(response.headers.get("Content-Length", 0))
    got, told = 0, 0
    while block := response.read(BLOCK):
        write(block)
        got += len(block)
        if total and got * 10 // total > told:
            told = got * 10 // total
            report(f"{got:,} of {total:,} bytes")
    if got < total:
        raise ConnectionError(f"the connection's end with {total - got:,} bytes missing")
