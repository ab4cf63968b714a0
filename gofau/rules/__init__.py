"""Update rules by name."""

from collections.abc import Iterable

from gofau.catalog import Registry
from gofau.catalog.plugins import rule_plugins
from gofau.rules.additive import Additive
from gofau.rules.base import UpdateRule
from gofau.rules.exponentiated_gradient import ExponentiatedGradient
from gofau.rules.hybrid import Hybrid
from gofau.rules.hypentropy import Hypentropy
from gofau.rules.madam import Madam
from gofau.rules.multiplicative import Multiplicative

__all__ = [
    "Additive",
    "ExponentiatedGradient",
    "Hybrid",
    "Hypentropy",
    "Madam",
    "Multiplicative",
    "UpdateRule",
    "rule",
]


def _plugged() -> Iterable[UpdateRule]:
    return [found.implementation(UpdateRule)() for found in rule_plugins()]


registry: Registry[UpdateRule] = Registry("rule", _plugged)
for _rule in (
    Additive(),
    Multiplicative(),
    Hybrid(),
    Madam(),
    ExponentiatedGradient(),
    Hypentropy(),
):
    registry.add(_rule)


def rule(name: str) -> UpdateRule:
    """The rule of that name, or a `gofau.catalog.CatalogError` that lists the names."""
    return registry.get(name, "rule")
