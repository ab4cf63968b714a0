"""Directions by name."""

from gofau.catalog import Registry
from gofau.directions.adagrad import Adagrad
from gofau.directions.adam import Adam, AdamW
from gofau.directions.base import Direction
from gofau.directions.madam import Madam
from gofau.directions.rmsprop import RMSProp
from gofau.directions.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Direction", "Madam", "RMSProp", "direction"]

registry: Registry[Direction] = Registry("direction")
for _direction in (SGD(), Adagrad(), RMSProp(), Adam(), AdamW(), Madam()):
    registry.add(_direction)


def direction(name: str) -> Direction:
    """The direction of that name, or a `gofau.catalog.CatalogError` that lists the names."""
    return registry.get(name, "direction")
