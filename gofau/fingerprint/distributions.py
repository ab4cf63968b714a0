"""Installed distributions by what is imported of them, each looked at once by a process."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.metadata import packages_distributions as all_packages
from pathlib import Path

NAMED = {"sklearn": "scikit-learn", "PIL": "pillow", "cv2": "opencv-python"}
"""Distributions of packages that bear another name, which saves reading what all of them hold."""

SHORT = 12


@dataclass(frozen=True)
class Installed:
    """A distribution.

    Args:
        name: as its metadata write it.
        version: what tells this copy from another; see `_version`.
        root: the folder that it was copied into; ``None`` where its user edits it in place.
    """

    name: str
    version: str
    root: Path | None

    def owns(self, file: Path | None) -> bool:
        """Whether a module is the distribution's own copy; one without a file always is."""
        if self.root is None:
            return False
        return file is None or file.resolve().is_relative_to(self.root)


@cache
def distributions_of(package: str) -> tuple[Installed, ...]:
    """The distributions that a top-level package or module is of; none for a file of the user's."""
    try:
        named = distribution(NAMED.get(package, package))
        if package in _packages(named):
            return (_installed(named),)
    except (PackageNotFoundError, ValueError):
        pass
    names = sorted(set(_all().get(package, ())))
    return tuple(_installed(distribution(name)) for name in names)


def _installed(one: Distribution) -> Installed:
    origin = _origin(one)
    edited = origin.get("dir_info", {}).get("editable")
    root = None if edited else Path(str(one.locate_file(""))).resolve()
    return Installed(one.name, _version(one, indexed=not origin), root)


def _version(one: Distribution, indexed: bool) -> str:
    """The version, and a hash of the files where it came from no index.

    A folder or a repository is installed again and again under one version. What builds of one
    version differ in (``+cpu``, ``+cu130``) is the processor's affair and is left out.
    """
    public = one.version.partition("+")[0]
    return public if indexed else f"{public} ({_files(one)})"


def _origin(one: Distribution) -> dict[str, dict[str, object]]:
    """Where it came from, if not from an index (PEP 610)."""
    try:
        found = json.loads(one.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _files(one: Distribution) -> str:
    """A hash over the hashes of the installed Python files."""
    kept = sorted(line for line in _record(one) if ".py,sha256=" in line)
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()[:SHORT]


def _packages(one: Distribution) -> Sequence[str]:
    told = one.read_text("top_level.txt")
    if told:
        return told.split()
    return [line.partition("/")[0].partition(",")[0].removesuffix(".py") for line in _record(one)]


def _record(one: Distribution) -> list[str]:
    return (one.read_text("RECORD") or "").splitlines()


@cache
def _all() -> dict[str, list[str]]:
    return dict(all_packages())
