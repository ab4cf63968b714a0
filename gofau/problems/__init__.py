"""Problems by name: what a trial trains, on which data, and how it is scored.

A problem is a file here, whose class has in ``entry`` what specs may set. These files import torch
inside functions, or for types alone: the catalog reads them where torch is not installed.
"""

from collections.abc import Iterable, Mapping

from gofau.catalog import Registry, Scalar
from gofau.catalog.found import PROBLEMS, declared
from gofau.catalog.plugins import problem_plugins
from gofau.problems.base import Augmentation, Classification, Dataset, Problem
from gofau.problems.held import examples, holding

__all__ = [
    "Augmentation",
    "Classification",
    "Dataset",
    "Problem",
    "examples",
    "holding",
    "problem",
    "registry",
]


def _own() -> Iterable[type[Problem]]:
    # Here, since toys are made of torch's functions, and the catalog has their entries.
    from gofau.problems.toys import problem_class, toys

    yield from (one.implementation for one in declared(PROBLEMS))
    yield from map(problem_class, toys.entries.values())


def _plugged() -> Iterable[type[Problem]]:
    return [found.implementation(Problem) for found in problem_plugins()]


registry: Registry[type[Problem]] = Registry("problem", _plugged, own=_own)


def problem(name: str, parameters: Mapping[str, Scalar] | None = None) -> Problem:
    """The problem of that name with its parameters checked and defaults filled.

    Raises:
        gofau.catalog.CatalogError: an unknown name or parameter, or a value out of range.
    """
    return registry.get(name, "problem")(parameters or {})
