"""The code version that results are filed under: the release and a hash of what trains."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

SUFFIXES = (".py", ".cpp", ".h")
BESIDE = (
    "contract",
    "fingerprint",
    "catalog/plugins.py",
    "locks.py",
    "version.py",
    "data/__main__.py",
)
"""What trains nothing: the checks of plug-ins, what results are filed under, how plug-ins are
found, locks, and commands. A new file counts until it is named here."""


@cache
def code_version() -> str:
    """The installed release plus 12 hex digits of the SHA-256 over the sources that train.

    Two machines agree exactly when their copies of gofau would train alike, so that a result is
    reused only where it would be computed again. Data, and code that is not gofau's, are told
    apart where they are trained on (`gofau.fingerprint`).
    """
    digest = hashlib.sha256()
    for name, content in sources(Path(__file__).parent):
        digest.update(name.encode() + b"\0" + content)
    return f"{version('gofau')}+{digest.hexdigest()[:12]}"


def sources(root: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every source in a package folder that trains, in order."""
    for path in sorted(p for p in root.rglob("*") if p.suffix in SUFFIXES):
        name = path.relative_to(root).as_posix()
        if not name.startswith(tuple(f"{one}/" for one in BESIDE)) and name not in BESIDE:
            yield name, path.read_bytes()
