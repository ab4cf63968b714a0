"""Update rules by name. A rule is a file here, whose class has in ``entry`` what specs may set.

These files import torch inside functions, or for types alone: the catalog reads them where torch
is not installed.
"""

from collections.abc import Iterable

from gofau.catalog import Registry
from gofau.catalog.found import RULES, declared
from gofau.catalog.plugins import rule_plugins
from gofau.rules.base import UpdateRule

__all__ = ["UpdateRule", "registry", "rule"]


def _own() -> Iterable[UpdateRule]:
    return [one.implementation() for one in declared(RULES)]


def _plugged() -> Iterable[UpdateRule]:
    return [found.implementation(UpdateRule)() for found in rule_plugins()]


registry: Registry[UpdateRule] = Registry("rule", _plugged, own=_own)


def rule(name: str) -> UpdateRule:
    """The rule of that name, or a `gofau.catalog.CatalogError` that lists the names."""
    return registry.get(name, "rule")
