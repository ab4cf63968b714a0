"""What the settings of an arm come to at each point of the axes."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from gofau.catalog import CatalogError, Parameter, Scalar
from gofau_studies.spec.fields import Arm, SpecFields
from gofau_studies.spec.setting import Part, Setting
from gofau_studies.spec.settings import kinds


class Resolution:
    """The settings of one arm: driven ones from a point, others as given or by default.

    Raises:
        CatalogError: a setting that the catalog does not allow, or an axis that drives nothing.
    """

    def __init__(self, arm: Arm) -> None:
        self.drives: dict[str, tuple[Parameter, ...]] = {}
        taken: dict[Setting, list[str]] = {kind: [] for kind in kinds()}
        for axis in arm.spec.axes:
            kind, self.drives[axis] = _driver(axis, arm)
            if kind is None:
                raise _nothing(axis, arm)
            taken[kind].append(axis)
        self._parts: list[tuple[Part, list[str]]] = [
            (kind.settle(arm), axes) for kind, axes in taken.items()
        ]

    def __call__(self, point: Mapping[str, float]) -> dict[str, Any]:
        """The entries of a cell's definition that settings decide."""
        found: dict[str, Any] = {}
        for settle, axes in self._parts:
            found |= settle({p.name: typed(p, point[a]) for a in axes for p in self.drives[a]})
        return found


def driven(axis: str, arm: Arm) -> tuple[Parameter, ...]:
    """The parameters that an axis sets under an arm; empty where it sets none."""
    return _driver(axis, arm)[1]


def typed(parameter: Parameter, value: float) -> Scalar:
    """An axis's value as its parameter has it: a whole number where that is an integer."""
    return int(value) if parameter.kind is int and value.is_integer() else value


def values(spec: SpecFields, field: str) -> tuple[Any, ...]:
    """What a field of the spec comes to: its own value, or those of an axis that sets it.

    An axis of that name sets it unless it is a parameter of a rule or direction.
    """
    own = getattr(spec, field)
    if field not in spec.axes:
        return (own,)
    arm = next(examples(spec))
    kind, parameters = _driver(field, arm)
    if kind is None:
        return (own,)
    settle = kind.settle(arm)
    points = ({p.name: typed(p, value) for p in parameters} for value in spec.axes[field].grid())
    return tuple(dict.fromkeys(settle(point).get(field, own) for point in points))


def examples(spec: SpecFields) -> Iterator[Arm]:
    """Arms that show all that axes drive: each direction and rule, and each further problem.

    What an axis drives depends on direction and rule alone, or on the problem alone.
    """
    first, *others = spec.problems
    for direction, rule in product(spec.directions, spec.rules):
        yield Arm(spec, first, direction, rule)
    for problem in others:
        yield Arm(spec, problem, spec.directions[0], spec.rules[0])


def check_axes(spec: SpecFields) -> None:
    """Raise for an axis that drives nothing somewhere, or a value that its parameter refuses.

    Raises:
        CatalogError: with the path of the axis.
    """
    for name, axis in spec.axes.items():
        # Arms share parameters, whose values are checked once.
        for parameter in dict.fromkeys(p for arm in examples(spec) for p in _found(name, arm)):
            for value in axis.grid():
                parameter.check(typed(parameter, value), f"axes.{name}")


def check_axis_names(spec: SpecFields) -> None:
    """Raise for an axis that drives nothing at all.

    Raises:
        CatalogError: with the path of the axis.
    """
    for name in spec.axes:
        if not any(driven(name, arm) for arm in examples(spec)):
            expected = "an axis that drives a parameter of every rule, such as lr or init_scale"
            raise CatalogError(f"axes.{name}", name, expected)


def _found(axis: str, arm: Arm) -> tuple[Parameter, ...]:
    found = driven(axis, arm)
    if not found:
        raise _nothing(axis, arm)
    return found


def _nothing(axis: str, arm: Arm) -> CatalogError:
    problem, direction, rule = arm.places
    where = f"rules[{rule}], directions[{direction}]"
    where += f", problems[{problem}]" if problem else ""
    expected = f"an axis that drives a parameter of every rule and direction ({where})"
    return CatalogError(f"axes.{axis}", axis, expected)


def _driver(axis: str, arm: Arm) -> tuple[Setting | None, tuple[Parameter, ...]]:
    for kind in kinds():
        if found := kind.drives(axis, arm):
            return kind, found
    return None, ()
