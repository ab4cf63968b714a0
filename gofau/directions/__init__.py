"""Directions by name. A direction is a file here, whose class has in ``entry`` what specs may set.

These files import torch inside functions, or for types alone: the catalog reads them where torch
is not installed.
"""

from collections.abc import Iterable

from gofau.catalog import Registry
from gofau.catalog.found import DIRECTIONS, declared
from gofau.catalog.plugins import direction_plugins
from gofau.directions.base import Direction

__all__ = ["Direction", "direction", "registry"]


def _own() -> Iterable[Direction]:
    return [one.implementation() for one in declared(DIRECTIONS)]


def _plugged() -> Iterable[Direction]:
    return [found.implementation(Direction)() for found in direction_plugins()]


registry: Registry[Direction] = Registry("direction", _plugged, own=_own)


def direction(name: str) -> Direction:
    """The direction of that name, or a `gofau.catalog.CatalogError` that lists the names."""
    return registry.get(name, "direction")
