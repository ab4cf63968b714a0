"""Settings of a spec that no trial would feel: each is a fault, for none is silently ignored."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING

from gofau import catalog
from gofau.catalog import CatalogError, Parameter, Scalar
from gofau_studies.spec.entries import DirectionSpec, RuleSpec
from gofau_studies.spec.schedules import Schedule
from gofau_studies.spec.search import BATCH, STARTUP, Search

if TYPE_CHECKING:
    from gofau_studies.spec.study import StudySpec

Hyper = Mapping[str, Scalar]


def check_idle(spec: "StudySpec") -> None:
    """Raise for a setting that would change nothing.

    Raises:
        CatalogError: with the path of the field.
    """
    _batch_size(spec)
    _search(spec.search)
    _decay(spec)
    for (i, direction), (j, rule) in product(enumerate(spec.directions), enumerate(spec.rules)):
        hyper = _hyper(spec, direction, rule)
        _given(spec.fixed, catalog.common.parameters, hyper, "fixed")
        known = catalog.directions.get(direction.name, "directions").parameters
        _given(direction.parameters, known, hyper, f"directions[{i}]")
        known = catalog.rules.get(rule.name, "rules").parameters
        _given(rule.parameters, known, hyper, f"rules[{j}]")
        for axis in spec.axes:
            _axis(axis, spec.driven(axis, direction, rule), hyper)
    for j, rule in enumerate(spec.rules):
        _gamma(spec, rule, f"rules[{j}].gamma_schedule.patience")
        _schedule(spec, rule, "schedule" if rule.schedule is None else f"rules[{j}].schedule")


def _batch_size(spec: "StudySpec") -> None:
    entries = [catalog.problems.get(problem.name, "problems") for problem in spec.problems]
    default = type(spec).model_fields["batch_size"].default
    if spec.batch_size != default and all(entry.full_batch for entry in entries):
        expected = (
            f"{default} or nothing, since a step of {entries[0].name} takes the whole problem"
        )
        raise CatalogError("batch_size", spec.batch_size, expected)


def _search(search: Search) -> None:
    first = max(STARTUP, search.batch)
    if search.is_grid:
        return
    if not search.adaptive and search.batch != BATCH:
        expected = f"none, since {search.sampler} draws all points at once"
        raise CatalogError("search.batch", search.batch, expected)
    if search.adaptive and search.budget <= first:
        expected = f"more than the {first} points that {search.sampler} starts from"
        raise CatalogError("search.trials", search.trials, expected)


def _decay(spec: "StudySpec") -> None:
    for direction in spec.directions:
        always = catalog.directions.get(direction.name, "directions").decouples_decay
        if always and spec.fixed.get("decoupled_decay") is False:
            expected = (
                f"true or nothing, since {direction.name} decouples its decay (adam does not)"
            )
            raise CatalogError("fixed.decoupled_decay", False, expected)


def _hyper(spec: "StudySpec", direction: DirectionSpec, rule: RuleSpec) -> Hyper:
    """The hyperparameters that stay the same all over the study."""
    given = {k: v for k, v in spec.fixed.items() if k != catalog.init_scale.name}
    common = catalog.common.resolve(given, "fixed", frozenset(spec.axes))
    own = dict(spec.rule_hyper(rule))
    if rule.gamma_schedule is not None:
        own.pop("gamma", None)
    return {**common, **spec.direction_hyper(direction), **own}


def _obstacle(parameter: Parameter, hyper: Hyper) -> str | None:
    """What leaves a parameter without effect, such as ``momentum = 0``."""
    found = (f"{name} = {value:g}" for name, value in parameter.idle_at if hyper.get(name) == value)
    return next(found, None)


def _given(
    values: Mapping[str, object], known: tuple[Parameter, ...], hyper: Hyper, path: str
) -> None:
    for parameter in known:
        obstacle = _obstacle(parameter, hyper)
        if obstacle is None or parameter.default is None or parameter.name not in values:
            continue
        if values[parameter.name] != parameter.default:
            expected = f"{parameter.default} or nothing, since {obstacle} leaves it without effect"
            where = f"{path}.{parameter.name}"
            raise CatalogError(where, values[parameter.name], expected)


def _axis(axis: str, driven: tuple[Parameter, ...], hyper: Hyper) -> None:
    obstacles = [_obstacle(parameter, hyper) for parameter in driven]
    if obstacles and None not in obstacles:
        expected = f"an axis that changes something, which {obstacles[0]} leaves without effect"
        raise CatalogError(f"axes.{axis}", axis, expected)


def _gamma(spec: "StudySpec", rule: RuleSpec, path: str) -> None:
    wanted = rule.gamma_schedule
    if wanted is not None and wanted.patience >= spec.epochs:
        expected = f"below epochs = {spec.epochs}, after which it would start"
        raise CatalogError(path, wanted.patience, expected)


def _schedule(spec: "StudySpec", rule: RuleSpec, path: str) -> None:
    schedule = spec.schedule_of(rule)
    entry = catalog.rules.get(rule.name, "rules")
    changes = bool(schedule.definition()) or "warmup" in spec.axes
    if changes and not any(entry.parameter(name) for name in entry.lr_drives):
        expected = f"constant, since the rule {rule.name} has no learning rate"
        raise CatalogError(f"{path}.kind", schedule.kind, expected)
    axis = spec.axes.get("warmup")
    where = f"{path}.warmup" if axis is None else "axes.warmup"
    shares = (schedule.warmup,) if axis is None else axis.grid()
    for share, steps in product(shares, _steps(spec)):
        _fits(schedule, share, steps, where, path)


def _steps(spec: "StudySpec") -> Iterator[int]:
    """The update steps of a trial of each problem, where they are known before it trains."""
    for problem in spec.problems:
        entry = catalog.problems.get(problem.name, "problems")
        steps = entry.steps(spec.epochs, spec.batch_size)
        if steps is not None:
            yield steps


def _fits(schedule: Schedule, share: float, steps: int, where: str, path: str) -> None:
    """Raise where a trial has too few steps for what the schedule does."""
    warmup = round(share * steps)
    # One step of warm-up has the factor 1, which a constant schedule has anyhow.
    least = 2 if schedule.kind == "constant" else 1
    if share and warmup < least:
        expected = f"0, or a share of a trial's {steps} steps that comes to {least} or more"
        raise CatalogError(where, share, expected)
    rest = steps - warmup
    if schedule.kind == "cosine" and rest < 2:
        raise CatalogError(where, share, f"2 steps or more of {steps} after it, for the cosine")
    if schedule.kind == "step" and (rest == 0 or schedule.drops[-1] > (rest - 1) / rest):
        expected = f"drops that come before the last of the {rest} steps after the warm-up"
        raise CatalogError(f"{path}.drops", list(schedule.drops), expected)
