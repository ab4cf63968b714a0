"""A copy of the repository with a patch: what a row of "where does it go" is held to.

A row says how many files something takes. Its test writes a patch of at most that many files, makes
a copy with it, and looks in processes of their own whether the thing is there and works.

Example:
    >>> copy = copied(tmp_path, {"docs/new.md": "New.", "gofau/version.py": [("old", "new")]})
    >>> copy.run("import gofau.version; print(gofau.version.__file__)")
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = ("service", "studies", "workers", "")
"""Where packages are imported from, relative to the root."""

FOLDERS = ("gofau", "service", "studies", "workers", "reproduce", "docs", "tests")
FILES = ("pyproject.toml", "README.md", "Makefile", "CHANGELOG.md")

Edits = Sequence[tuple[str, str]]
"""Texts of a file, each found exactly once, and what they become."""

Patch = Mapping[str, str | Edits]
"""By path from the root: the whole text of a new file, or edits of one that is there."""


@dataclass(frozen=True)
class Copy:
    """A patched copy of the repository."""

    root: Path

    def run(self, code: str, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Run Python code in a process of its own that imports the copy; returns what it prints.

        Raises:
            AssertionError: it fails; the message is all that it printed.
        """
        return self._python("-c", code, *arguments, env=env)

    def module(self, name: str, *arguments: str) -> str:
        """The same of a module, such as a script beside a test."""
        return self._python("-m", name, *arguments)

    def test(self, *paths: str) -> str:
        """Run tests of the copy, by paths and pytest's options.

        Raises:
            AssertionError: one fails, or there is none.
        """
        return self._python("-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)

    def _python(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        path = os.pathsep.join(str(self.root / place) for place in PLACES)
        ran = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, **(env or {}), "PYTHONPATH": path},
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout


def copied(folder: Path, patch: Patch) -> Copy:
    """Copy the repository into ``folder / "repository"`` and apply a patch.

    Raises:
        AssertionError: a text to edit is not found exactly once, or a new file is there already.
    """
    root = folder / "repository"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, root / name, symlinks=True)
    for name in FILES:
        shutil.copy2(ROOT / name, root / name)
    for path, change in patch.items():
        _change(root / path, change)
    return Copy(root)


def _change(file: Path, change: str | Edits) -> None:
    if isinstance(change, str):
        assert not file.exists(), f"{file}: there already, so give edits of it"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(change, encoding="utf-8")
        return
    text = file.read_text(encoding="utf-8")
    for old, new in change:
        assert text.count(old) == 1, f"{file}: {text.count(old)} times {old!r}, expected once"
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
