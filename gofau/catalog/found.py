"""Directions, rules and problems of our own, found in the packages of their implementations.

A file declares one by a class with an ``entry``. These files import no torch, so that a service
without it knows what workers train; they are imported when the catalog is first read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Final, Generic, TypeVar

from gofau.catalog.entries import DirectionEntry, ProblemEntry, RuleEntry

E = TypeVar("E", DirectionEntry, RuleEntry, ProblemEntry)


@dataclass(frozen=True)
class Kind(Generic[E]):
    """A package whose modules declare entries.

    Args:
        package: its name.
        entry: the class of the entries.
        first: names in the order that listings have shown them in; others follow by name.
    """

    package: str
    entry: type[E]
    first: tuple[str, ...]


@dataclass(frozen=True)
class Declared(Generic[E]):
    """An entry and the class that declares it."""

    entry: E
    implementation: type[Any]


DIRECTIONS: Final = Kind(
    "gofau.directions", DirectionEntry, ("sgd", "adagrad", "rmsprop", "adam", "adamw", "madam")
)
RULES: Final = Kind(
    "gofau.rules",
    RuleEntry,
    ("additive", "multiplicative", "hybrid", "madam", "exponentiated_gradient", "hypentropy"),
)
PROBLEMS: Final = Kind(
    "gofau.problems", ProblemEntry, ("digits-mlp", "digits-cnn", "mnist1d-mlp", "mnist1d-cnn")
)


@cache
def declared(kind: Kind[E]) -> tuple[Declared[E], ...]:
    """What the modules of a package declare; those of packages inside of it are not looked at."""
    package = import_module(kind.package)
    names = [one.name for one in iter_modules(package.__path__) if not one.ispkg]
    found = [
        Declared(entry, made)
        for name in sorted(names)
        for made in _classes(import_module(f"{kind.package}.{name}"))
        if isinstance(entry := vars(made).get("entry"), kind.entry)
    ]
    places = {name: place for place, name in enumerate(kind.first)}
    last = len(places)
    return tuple(sorted(found, key=lambda d: (places.get(d.entry.name, last), d.entry.name)))


def _classes(module: ModuleType) -> Iterator[type[Any]]:
    """The classes that a module defines, by name or in tuples of classes that it makes."""
    for value in vars(module).values():
        several = value if isinstance(value, tuple) else (value,)
        yield from (v for v in several if isinstance(v, type) and v.__module__ == module.__name__)
