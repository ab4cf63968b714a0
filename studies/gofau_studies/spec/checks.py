"""What a study spec must agree with: the catalog, and its own other fields."""

from itertools import product

from gofau import catalog
from gofau_studies.spec.axes import MAX_POINTS
from gofau_studies.spec.entries import ProblemSpec, RuleSpec
from gofau_studies.spec.fields import SpecFields
from gofau_studies.spec.goal import check_goal, check_metric
from gofau_studies.spec.idle import check_idle
from gofau_studies.spec.resolution import check_axes, check_axis_names, values
from gofau_studies.spec.settings import kinds
from gofau_studies.spec.settings.hyper import direction_hyper, rule_drives, rule_hyper


def check_against_catalog(spec: SpecFields) -> None:
    """Raise for whatever of a spec the catalog, or another of its fields, does not allow.

    Raises:
        CatalogError: with the path of the field.
    """
    for i, problem in enumerate(spec.problems):
        _problem(spec, i, problem)
    for kind in kinds():
        kind.check(spec)
    _axis_names(spec)
    for i, direction in enumerate(spec.directions):
        direction_hyper(spec, direction, f"directions[{i}]")
    for i, rule in enumerate(spec.rules):
        rule_hyper(spec, rule, f"rules[{i}]")
        _gamma(spec, rule, f"rules[{i}]")
    _search(spec)
    _halving(spec)
    if spec.autocast != "none" and spec.dtype != "float32":
        expected = f"float32, since autocast is {spec.autocast}"
        raise catalog.CatalogError("dtype", spec.dtype, expected)
    check_axes(spec)
    _batches(spec)


def _apart(spec: SpecFields) -> None:
    """Refuse a parameter of a rule that a direction or every trial has under the same name."""
    for (i, rule), direction in product(enumerate(spec.rules), spec.directions):
        others = (catalog.directions.get(direction.name, "directions"), catalog.common)
        for parameter in catalog.rules.get(rule.name, "rules").parameters:
            if any(other.parameter(parameter.name) for other in others):
                expected = f"a rule whose parameters are none of {direction.name}'s or all trials'"
                raise catalog.CatalogError(f"rules[{i}].{parameter.name}", rule.name, expected)


def check_sense(spec: SpecFields) -> None:
    """Raise for what would be computed otherwise than it reads, or would change nothing.

    Specs that were stored before these were checks have such faults, and are still read.

    Raises:
        CatalogError: with the path of the field.
    """
    _apart(spec)
    check_idle(spec)
    check_goal(spec.goal)
    if spec.halving is not None and spec.halving.metric is not None:
        check_metric("halving", spec.halving.metric, spec.halving.minimize)


def _search(spec: SpecFields) -> None:
    for name, axis in spec.axes.items():
        if spec.search.is_grid and axis.values is None and axis.points is None:
            expected = f"an integer in [2, {MAX_POINTS}]"
            raise catalog.CatalogError(f"axes.{name}.points", None, expected)
        if not spec.search.is_grid and axis.values is not None:
            expected = f"a log or linear range, since {spec.search.sampler} draws from it"
            raise catalog.CatalogError(f"axes.{name}.values", list(axis.values), expected)
    if spec.refine is not None and not spec.search.is_grid:
        raise catalog.CatalogError("refine", spec.search.sampler, "a grid to refine")
    if spec.refine is not None and set(spec.axes) != {"lr", catalog.init_scale.name}:
        raise catalog.CatalogError("refine", list(spec.axes), "the axes lr and init_scale")
    if spec.refine is not None and min(axis.size for axis in spec.axes.values()) < 2:
        raise catalog.CatalogError("refine", "an axis of one value", "a grid of two dimensions")
    if spec.search.sampler == "cmaes" and len(spec.axes) < 2:
        raise catalog.CatalogError("search.sampler", "cmaes", "a sampler for a single axis")


def _gamma(spec: SpecFields, rule: RuleSpec, path: str) -> None:
    wanted = rule.gamma_schedule
    if wanted is None:
        return
    if catalog.rules.get(rule.name, path).parameter("gamma") is None:
        expected = f"none, since the rule {rule.name} has no gamma"
        raise catalog.CatalogError(f"{path}.gamma_schedule", wanted.kind, expected)
    driven = {name for axis in spec.axes for name in rule_drives(axis, rule)}
    if wanted.kind == "random" and "gamma" in driven | rule.parameters.keys():
        expected = "no value and no axis, since a random schedule has no initial one"
        raise catalog.CatalogError(f"{path}.gamma", rule.parameters.get("gamma"), expected)


def _halving(spec: SpecFields) -> None:
    if spec.halving is None:
        return
    epochs = min(values(spec, "epochs"))
    if spec.halving.first >= epochs:
        expected = f"below epochs = {epochs}"
        raise catalog.CatalogError("halving.first", spec.halving.first, expected)
    if spec.search.adaptive or spec.refine is not None:
        expected = "none beside a search or refinement that learns from every trial's end"
        raise catalog.CatalogError("halving", spec.halving.model_dump(), expected)
    for problem in spec.problems:
        entry = catalog.problems.get(problem.name, "problems")
        if spec.halving.metric not in (None, *entry.metric_names):
            expected = f"a metric of {problem.name}: {', '.join(entry.metric_names)}"
            raise catalog.CatalogError("halving.metric", spec.halving.metric, expected)


def _problem(spec: SpecFields, i: int, problem: ProblemSpec) -> None:
    entry = catalog.problems.get(problem.name, f"problems[{i}].name")
    entry.resolve(problem.parameters, f"problems[{i}]")
    if spec.goal.metric not in entry.metric_names:
        expected = f"a metric of {problem.name}: {', '.join(entry.metric_names)}"
        raise catalog.CatalogError("goal.metric", spec.goal.metric, expected)


def _batches(spec: SpecFields) -> None:
    largest = max(values(spec, "batch_size"))
    for problem in spec.problems:
        size = catalog.problems.get(problem.name, "problems").train_size
        if size is not None and largest > size:
            expected = f"at most {size}, the training examples of {problem.name}"
            path = "axes.batch_size" if "batch_size" in spec.axes else "batch_size"
            raise catalog.CatalogError(path, largest, expected)


def _axis_names(spec: SpecFields) -> None:
    """Refuse an axis that drives nothing at all before what it fails to drive is found missing."""
    for i, rule in enumerate(spec.rules):
        catalog.rules.get(rule.name, f"rules[{i}].name")
    for i, direction in enumerate(spec.directions):
        catalog.directions.get(direction.name, f"directions[{i}].name")
    check_axis_names(spec)
