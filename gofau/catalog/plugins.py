"""Problems, rules and directions of other packages, found by their entry points.

A package offers a problem under the entry point group ``gofau.problems``, a rule under
``gofau.rules``, a direction under ``gofau.directions``. The entry point names a `ProblemPlugin`, a
`RulePlugin` or a `DirectionPlugin` in a module that imports no torch, so that a service without
torch validates requests; the plug-in names its implementation as ``package.module:Class``, which
is imported only where it is trained.
"""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from gofau.catalog.entries import DirectionEntry, ProblemEntry, RuleEntry
from gofau.errors import GofauError, IncurableError

PROBLEMS = "gofau.problems"
RULES = "gofau.rules"
DIRECTIONS = "gofau.directions"


class PluginError(GofauError, IncurableError):
    """An installed plug-in that cannot be used; the message names its entry point."""

    def __init__(self, point: EntryPoint, got: str, expected: str) -> None:
        package = point.dist.name if point.dist is not None else "an unknown package"
        super().__init__(
            f"plug-in {point.name} = {point.value} of {package} in group {point.group}: "
            f"got {got}, expected {expected}; repair that package or uninstall it"
        )


@dataclass(frozen=True)
class ProblemPlugin:
    """A problem: its catalog entry, and where its `gofau.problems.Problem` class is."""

    entry: ProblemEntry
    implementation: str


@dataclass(frozen=True)
class RulePlugin:
    """A rule: its catalog entry, and where its `gofau.rules.UpdateRule` class is."""

    entry: RuleEntry
    implementation: str


@dataclass(frozen=True)
class DirectionPlugin:
    """A direction: its catalog entry, and where its `gofau.directions.Direction` class is."""

    entry: DirectionEntry
    implementation: str


P = TypeVar("P", ProblemPlugin, RulePlugin, DirectionPlugin)


@dataclass(frozen=True)
class Found(Generic[P]):
    """A plug-in and the entry point that led to it."""

    point: EntryPoint
    plugin: P

    def refuse_name_in(self, taken: Container[str]) -> None:
        """Raise `PluginError` if the entry's name is taken."""
        name = self.plugin.entry.name
        if name in taken:
            raise PluginError(self.point, f"the name {name!r}, which is taken", "another name")

    @contextmanager
    def blamed(self, kind: type[Exception], expected: str) -> Iterator[None]:
        """Turn an error of that kind into a `PluginError` that names the entry point."""
        try:
            yield
        except kind as error:
            raise PluginError(self.point, str(error), expected) from error

    def implementation(self, base: type[Any]) -> type[Any]:
        """The class that implements it, a subclass of ``base`` with the entry's name.

        Raises:
            PluginError: it cannot be imported, or is something else.
        """
        module, _, attribute = self.plugin.implementation.partition(":")
        try:
            made: object = getattr(import_module(module), attribute)
        except Exception as error:
            raise PluginError(self.point, _told(error), self.plugin.implementation) from error
        if not isinstance(made, type) or not issubclass(made, base):
            raise PluginError(self.point, repr(made), f"a subclass of {base.__name__}")
        name = getattr(made, "name", None)
        if name != self.plugin.entry.name:
            raise PluginError(self.point, f"the name {name!r}", repr(self.plugin.entry.name))
        return made


@cache
def problem_plugins() -> tuple[Found[ProblemPlugin], ...]:
    """The problems of installed packages, in the order of their names."""
    return tuple(_find(PROBLEMS, ProblemPlugin))


@cache
def rule_plugins() -> tuple[Found[RulePlugin], ...]:
    """The rules of installed packages, in the order of their names."""
    return tuple(_find(RULES, RulePlugin))


@cache
def direction_plugins() -> tuple[Found[DirectionPlugin], ...]:
    """The directions of installed packages, in the order of their names."""
    return tuple(_find(DIRECTIONS, DirectionPlugin))


def _find(group: str, kind: type[P]) -> Iterator[Found[P]]:
    names: set[str] = set()
    for point in sorted(entry_points(group=group), key=lambda one: (one.name, one.value)):
        try:
            plugin = point.load()
        except Exception as error:
            raise PluginError(point, _told(error), f"a {kind.__name__}") from error
        if not isinstance(plugin, kind):
            raise PluginError(point, repr(plugin), f"a {kind.__name__}")
        found = Found(point, plugin)
        found.refuse_name_in(names)
        names.add(plugin.entry.name)
        yield found


def _told(error: Exception) -> str:
    plain = isinstance(error, ImportError | AttributeError)
    return str(error) if plain else f"{type(error).__name__}: {error}"
