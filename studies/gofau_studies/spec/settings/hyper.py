"""Hyperparameters: of the rule, of the direction, and those that every optimizer takes."""

from gofau import catalog
from gofau.catalog import CatalogError, Parameter, Scalar
from gofau_studies.spec.entries import DirectionSpec, RuleSpec
from gofau_studies.spec.faults import check_distinct
from gofau_studies.spec.fields import Arm, SpecFields
from gofau_studies.spec.setting import Part, Setting, check_fixed

Hyper = dict[str, Scalar]


def rule_drives(axis: str, rule: RuleSpec) -> tuple[str, ...]:
    """The names of a rule's parameters that an axis sets."""
    if axis in rule.drives:
        return rule.drives[axis]
    entry = catalog.rules.get(rule.name, "rules")
    if axis == "lr":
        return entry.lr_drives
    return (axis,) if entry.parameter(axis) is not None else ()


def rule_hyper(spec: SpecFields, rule: RuleSpec, path: str = "rules") -> Hyper:
    """A rule's fixed parameters, defaults filled in, without those that an axis drives.

    Raises:
        CatalogError: a name or a value that the rule does not allow, or drives of no axis.
        PydanticCustomError: a parameter that two axes drive.
    """
    entry = catalog.rules.get(rule.name, f"{path}.name")
    for axis in rule.drives:
        _check_drives(spec, rule, axis, f"{path}.drives.{axis}")
    driven = [name for axis in spec.axes for name in rule_drives(axis, rule)]
    check_distinct(f"{path}.drives", driven, "one axis for each parameter")
    return entry.resolve(rule.parameters, path, frozenset(driven))


def _check_drives(spec: SpecFields, rule: RuleSpec, axis: str, path: str) -> None:
    names, entry = rule.drives[axis], catalog.rules.get(rule.name, path)
    if axis not in spec.axes:
        raise CatalogError(path, axis, "an axis of this study")
    if axis in _beside_rules(spec):
        expected = f"an axis of another name, since {axis} is a setting beside the rules"
        raise CatalogError(path, list(names), expected)
    for name in names:
        if entry.parameter(name) is None:
            known = ", ".join(p.name for p in entry.parameters)
            raise CatalogError(path, name, f"one of: {known}")


def _beside_rules(spec: SpecFields) -> set[str]:
    """Names that an axis sets beside the rules, whatever a rule says."""
    directions = (catalog.directions.get(d.name, "directions") for d in spec.directions)
    places = (catalog.common, *directions)
    return {catalog.init_scale.name} | {p.name for place in places for p in place.parameters}


def direction_hyper(spec: SpecFields, direction: DirectionSpec, path: str = "directions") -> Hyper:
    """A direction's fixed parameters, defaults filled in, without those that an axis drives.

    Raises:
        CatalogError: a name or a value that the direction does not allow.
    """
    entry = catalog.directions.get(direction.name, f"{path}.name")
    return entry.resolve(direction.parameters, path, frozenset(spec.axes))


def fixed_hyper(arm: Arm) -> Hyper:
    """Every hyperparameter that is the same at all cells of an arm."""
    spec = arm.spec
    given = {k: v for k, v in spec.fixed.items() if k != catalog.init_scale.name}
    common = catalog.common.resolve(given, "fixed", frozenset(spec.axes))
    if catalog.directions.get(arm.direction.name, "directions").decouples_decay:
        common["decoupled_decay"] = True
    return {**common, **direction_hyper(spec, arm.direction), **rule_hyper(spec, arm.rule)}


class Hyperparameters(Setting):
    """``hyper``: the numbers, switches and texts that an optimizer takes."""

    rank = 1
    named = catalog.common.parameters

    def drives(self, axis: str, arm: Arm) -> tuple[Parameter, ...]:
        """The rule's parameters that it drives, or else the direction's and the common ones."""
        rule = catalog.rules.get(arm.rule.name, "rules")
        names = rule_drives(axis, arm.rule)
        if names:
            return tuple(p for name in names if (p := rule.parameter(name)) is not None)
        entries = (catalog.directions.get(arm.direction.name, "directions"), catalog.common)
        return tuple(p for entry in entries if (p := entry.parameter(axis)) is not None)

    def settle(self, arm: Arm) -> Part:
        """The fixed hyperparameters and those of the axes."""
        fixed = fixed_hyper(arm)
        return lambda driven: {"hyper": {**fixed, **driven}}

    def check(self, spec: SpecFields) -> None:
        """Refuse a fixed value that no optimizer takes, or that an axis sets."""
        known = [p.name for p in (*catalog.common.parameters, catalog.init_scale)]
        for name in spec.fixed:
            if name not in known:
                raise CatalogError(f"fixed.{name}", spec.fixed[name], f"one of: {', '.join(known)}")
        for parameter in catalog.common.parameters:
            check_fixed(spec, parameter)


KIND = Hyperparameters()
