"""What a kind of setting must say, for axes to sweep it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from gofau.catalog import CatalogError, Parameter, Scalar
from gofau_studies.spec.fields import Arm, SpecFields

Part = Callable[[Mapping[str, Scalar]], Mapping[str, Any]]
"""From the values that axes give, by parameter, to entries of a cell's definition."""


class Setting(ABC):
    """One kind of setting of a trial: which axes sweep it, and where its values go.

    A module of `gofau_studies.spec.settings` is a kind: its ``KIND`` is found there. Kinds of a
    lower ``rank`` take an axis's name first, so that a new one never changes what a name means.
    """

    rank: int = 100
    named: tuple[Parameter, ...]
    """Parameters that an axis has by their own names, whatever the rule and direction."""

    @abstractmethod
    def drives(self, axis: str, arm: Arm) -> tuple[Parameter, ...]:
        """The parameters of this kind that an axis of that name sets; empty where it sets none.

        They depend on the arm's direction and rule alone, or on its problem alone.
        """

    @abstractmethod
    def settle(self, arm: Arm) -> Part:
        """What gives this kind's entries of the definition of each of an arm's cells.

        It is called with the values of this kind's axes, each in the type of its parameter, and
        replaces entries of the same name. What holds for the whole arm is worked out here.

        Raises:
            CatalogError: a fixed value that the catalog does not allow.
        """

    @abstractmethod
    def check(self, spec: SpecFields) -> None:
        """Raise for a fixed value that is not allowed, or stands beside an axis that sets it.

        Raises:
            CatalogError: with the path of the field.
        """


def check_fixed(spec: SpecFields, parameter: Parameter) -> None:
    """Raise for a value in ``fixed`` that its parameter refuses, or that an axis sets.

    Raises:
        CatalogError: with the path of the value.
    """
    name = parameter.name
    if name not in spec.fixed:
        return
    if name in spec.axes:
        expected = "no value, since an axis sets it"
        raise CatalogError(f"fixed.{name}", spec.fixed[name], expected)
    parameter.check(spec.fixed[name], f"fixed.{name}")
