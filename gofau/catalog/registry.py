"""Names to entries: what is known, in which order, and what must not come in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from gofau.catalog.entries import CatalogError


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """The unique name."""


E = TypeVar("E", bound=Named)


@dataclass
class Registry(Generic[E]):
    """Names to entries, in the order they came in; refuses a second entry of one name.

    ``own`` gives the entries of this project, which are declared in files of their own, and
    ``discover`` those of plug-ins. Each is asked once, when somebody first needs it, so that what
    declares them may import this module. ``admit`` raises for an entry that must not come in.
    """

    noun: str
    discover: Callable[[], Iterable[E]] = tuple
    admit: Callable[[E], None] = lambda entry: None
    own: Callable[[], Iterable[E]] = tuple
    _entries: dict[str, E] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _locks: dict[str, RLock] = field(default_factory=lambda: {"own": RLock(), "discover": RLock()})

    def add(self, entry: E) -> E:
        """Register ``entry``; a duplicate name raises `ValueError`."""
        self._refuse_duplicate(entry.name, self.declared)
        self.admit(entry)
        self._entries[entry.name] = entry
        return entry

    def get(self, name: str, path: str) -> E:
        """The entry of that name, or a `CatalogError` at ``path`` that lists the known names."""
        known = self.entries
        if name not in known:
            raise CatalogError(path, name, f"a known {self.noun}: {', '.join(known)}")
        return known[name]

    @property
    def declared(self) -> Mapping[str, E]:
        """The project's own entries and those that were added, without a look for plug-ins."""
        self._take("own", self.own)
        return MappingProxyType(self._entries)

    @property
    def entries(self) -> Mapping[str, E]:
        """All entries by name, read-only."""
        self.complete()
        return MappingProxyType(self._entries)

    def complete(self) -> None:
        """Ask, once, for the entries that are defined elsewhere."""
        self._take("own", self.own)
        self._take("discover", self.discover)

    def _take(self, source: str, ask: Callable[[], Iterable[E]]) -> None:
        # A lock each: who looks for plug-ins of one registry may wait for whoever declares another.
        with self._locks[source]:
            if source in self._taken:
                return
            self._taken.add(source)  # first, since who is asked may read this registry
            try:
                found: dict[str, E] = {}
                for entry in ask():
                    self._refuse_duplicate(entry.name, {**self._entries, **found})
                    self.admit(entry)
                    found[entry.name] = entry
            except BaseException:
                self._taken.remove(source)
                raise
            self._entries.update(found)

    def _refuse_duplicate(self, name: str, known: Mapping[str, E]) -> None:
        if name in known:
            raise ValueError(f"{self.noun} {name!r} is registered already")
