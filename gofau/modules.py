"""The modules of a package, found instead of listed, and what each of them holds."""

from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def modules(package: str) -> list[ModuleType]:
    """The modules of a package by name, imported; packages inside of it are left out."""
    found = iter_modules(import_module(package).__path__)
    return [import_module(f"{package}.{one.name}") for one in found if not one.ispkg]


def held(package: str, name: str, kind: type[T]) -> dict[str, T]:
    """The value called ``name`` of each module of a package, by the module's own name, in order.

    Raises:
        TypeError: a module has none, or one that is no ``kind``.
    """
    found: dict[str, T] = {}
    for module in modules(package):
        value = getattr(module, name, None)
        if not isinstance(value, kind):
            where = f"{module.__name__}: {name}"
            raise TypeError(f"{where}: got {value!r}, expected a {kind.__name__}")
        found[module.__name__.rpartition(".")[2]] = value
    return found


def repeated(names: Iterable[str]) -> list[str]:
    """Those that stand there more than once."""
    return [name for name, times in Counter(names).items() if times > 1]
