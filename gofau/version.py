"""The code version that results are filed under: the release and a hash of the sources."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from gofau.plugins import fingerprint


@cache
def code_version() -> str:
    """The installed release plus 12 hex digits of the SHA-256 over the sources that train.

    These are this package's and those of installed plug-ins.

    Two machines agree exactly when they would train with the same code, so that a result is
    reused only where it would be computed again.
    """
    digest = hashlib.sha256()
    root = Path(__file__).parent
    sources = (p for p in root.rglob("*") if p.suffix in (".py", ".cpp", ".h"))
    for path in sorted(sources):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    digest.update(fingerprint().encode())
    return f"{version('gofau')}+{digest.hexdigest()[:12]}"
