"""Problems by name: what a trial trains, on which data, and how it is scored."""

from collections.abc import Iterable, Mapping

from gofau.catalog import Registry, Scalar
from gofau.catalog.plugins import problem_plugins
from gofau.problems.base import Augmentation, Classification, Dataset, Problem
from gofau.problems.digits import DigitsMLP
from gofau.problems.digits_cnn import DigitsCNN
from gofau.problems.held import examples, holding
from gofau.problems.mnist1d import Mnist1dCNN, Mnist1dMLP
from gofau.problems.photographs import photograph_problems
from gofau.problems.toys import problem_class, toys

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


def _plugged() -> Iterable[type[Problem]]:
    return [found.implementation(Problem) for found in problem_plugins()]


registry: Registry[type[Problem]] = Registry("problem", _plugged)
_kinds: list[type[Problem]] = [DigitsMLP, DigitsCNN, Mnist1dMLP, Mnist1dCNN]
for _kind in (*_kinds, *photograph_problems()):
    registry.add(_kind)
for _toy in toys.entries.values():
    registry.add(problem_class(_toy))


def problem(name: str, parameters: Mapping[str, Scalar] | None = None) -> Problem:
    """The problem of that name with its parameters checked and defaults filled.

    Raises:
        gofau.catalog.CatalogError: an unknown name or parameter, or a value out of range.
    """
    return registry.get(name, "problem")(parameters or {})
