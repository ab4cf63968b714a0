"""Directions, rules and problems of our own, found in the packages of their implementations.

A file declares one by a class with an ``entry``. These files import no torch, so that a service
without it knows what workers train; they are imported when the catalog is first read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from inspect import isabstract
from types import ModuleType
from typing import Any, Final, Generic, TypeVar

from gofau.catalog.entries import DirectionEntry, ProblemEntry, RuleEntry
from gofau.modules import modules

E = TypeVar("E", DirectionEntry, RuleEntry, ProblemEntry)


@dataclass(frozen=True)
class Kind(Generic[E]):
    """A package whose modules declare entries.

    Args:
        package: its name.
        entry: the class of the entries.
        first: names in the order that listings have shown them in; others follow by name.
        base: of the implementations, by its name in the package's module ``base``.
    """

    package: str
    entry: type[E]
    first: tuple[str, ...]
    base: str


@dataclass(frozen=True)
class Declared(Generic[E]):
    """An entry and the class that declares it."""

    entry: E
    implementation: type[Any]


DIRECTIONS: Final = Kind(
    "gofau.directions",
    DirectionEntry,
    ("sgd", "adagrad", "rmsprop", "adam", "adamw", "madam"),
    "Direction",
)
RULES: Final = Kind(
    "gofau.rules",
    RuleEntry,
    ("additive", "multiplicative", "hybrid", "madam", "exponentiated_gradient", "hypentropy"),
    "UpdateRule",
)
PROBLEMS: Final = Kind(
    "gofau.problems",
    ProblemEntry,
    ("digits-mlp", "digits-cnn", "mnist1d-mlp", "mnist1d-cnn"),
    "Problem",
)


@cache
def declared(kind: Kind[E]) -> tuple[Declared[E], ...]:
    """What the modules of a package declare; those of packages inside of it are not looked at.

    Raises:
        TypeError: a class that can be trained by and that no catalog would list, since it has no
            entry of its own, nor has any class that is made of it; or one of another name.
    """
    found = [one for module in modules(kind.package) for one in _declared_in(module, kind)]
    places = {name: place for place, name in enumerate(kind.first)}
    last = len(places)
    return tuple(sorted(found, key=lambda d: (places.get(d.entry.name, last), d.entry.name)))


def _declared_in(module: ModuleType, kind: Kind[E]) -> list[Declared[E]]:
    made = list(dict.fromkeys(_classes(module)))
    entries = {one: vars(one).get("entry") for one in made}
    found = [Declared(e, one) for one, e in entries.items() if isinstance(e, kind.entry)]
    base = getattr(import_module(f"{kind.package}.base"), kind.base)
    for one in (one for one in made if issubclass(one, base) and not isabstract(one)):
        if not any(issubclass(other.implementation, one) for other in found):
            expected = f"a {kind.entry.__name__}"
            raise TypeError(f"{_place(one)}.entry: got {entries[one]!r}, expected {expected}")
    for other in found:
        name = getattr(other.implementation, "name", None)
        if name != other.entry.name:
            where = f"{_place(other.implementation)}.name"
            raise TypeError(f"{where}: got {name!r}, expected {other.entry.name!r} as in its entry")
    return found


def _place(one: type[Any]) -> str:
    return f"{one.__module__}.{one.__qualname__}"


def _classes(module: ModuleType) -> Iterator[type[Any]]:
    """The classes that a module defines, by name or in tuples of classes that it makes."""
    for value in vars(module).values():
        several = value if isinstance(value, tuple) else (value,)
        yield from (v for v in several if isinstance(v, type) and v.__module__ == module.__name__)
