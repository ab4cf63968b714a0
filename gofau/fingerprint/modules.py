"""Modules by name: where their source is, found without importing them."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path

from gofau.fingerprint.imports import Imported, imported

SHORT = 16
NOTHING = Imported((), False)
LEFT_OUT = ("site-packages", "dist-packages", "node_modules", "__pycache__")


@dataclass(frozen=True)
class Source:
    """A module's file, read when it is first asked for and not again.

    Args:
        name: the module's.
        spec: how Python finds it.
    """

    name: str
    spec: ModuleSpec

    @property
    def file(self) -> Path | None:
        """Where it is; ``None`` of a package without ``__init__`` and of what was typed in."""
        origin = self.spec.origin
        return None if origin in (None, "built-in", "frozen") else Path(str(origin))

    @property
    def folders(self) -> tuple[str, ...]:
        """Where its submodules are; empty of a plain module."""
        return tuple(self.spec.submodule_search_locations or ())

    @cached_property
    def digest(self) -> str:
        """A hash of the file's bytes; empty without a file."""
        content = self._content
        return "" if content is None else hashlib.sha256(content).hexdigest()[:SHORT]

    @cached_property
    def imported(self) -> Imported:
        """What it imports; a compiled module does not say, and nobody edits one."""
        if self.file is None or self.file.suffix != ".py" or self._content is None:
            return NOTHING
        package = self.name if self.folders else self.name.rpartition(".")[0]
        try:
            return imported(self._content, package)
        except (SyntaxError, ValueError):
            return NOTHING

    @cached_property
    def _content(self) -> bytes | None:
        """The file's bytes, from wherever its loader has them, such as an archive."""
        if self.file is None:
            return None
        if self.file.is_file():
            return self.file.read_bytes()
        get_data = getattr(self.spec.loader, "get_data", None)
        try:
            return None if get_data is None else bytes(get_data(str(self.file)))
        except OSError:
            return None


_loaded: dict[str, tuple[ModuleSpec | None, Source]] = {}


def source_of(name: str) -> Source | None:
    """The source of a module, or ``None`` where nothing of that name can be imported.

    What has been imported is read once: this process goes on with it, whatever is written to the
    file later. A module that is reloaded has another spec, and is read again.
    """
    module = sys.modules.get(name)
    if module is None:
        found = _found(name) if name else None
        return None if found is None else Source(name, found)
    spec = getattr(module, "__spec__", None)
    known = _loaded.get(name)
    if known is None or known[0] is not spec:
        file = getattr(module, "__file__", None)
        made = Source(name, spec or ModuleSpec(name, None, origin=file))
        known = _loaded[name] = (spec, made)
    return known[1]


def below(package: Source) -> Iterator[Source]:
    """Every Python file of a package, by the name that it is imported by."""
    for folder in package.folders:
        root = Path(folder)
        for file in sorted(root.rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            if any(part in LEFT_OUT or part.startswith(".") for part in parts):
                continue
            inner = parts[:-1] if parts[-1] == "__init__" else parts
            name = ".".join((package.name, *inner))
            yield source_of(name) or Source(name, ModuleSpec(name, None, origin=str(file)))


def _found(name: str) -> ModuleSpec | None:
    parent = name.rpartition(".")[0]
    path: tuple[str, ...] | None = None
    if parent:
        above = source_of(parent)
        if above is None or not above.folders:
            return None
        path = above.folders
    specs = (finder.find_spec(name, path) for finder in sys.meta_path)
    return next((spec for spec in specs if spec is not None), None)
