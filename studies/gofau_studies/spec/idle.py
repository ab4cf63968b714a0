"""Settings of a spec that no trial would feel: each is a fault, for none is silently ignored."""

from collections.abc import Iterator, Mapping
from itertools import product

from gofau import catalog
from gofau.catalog import CatalogError, Parameter, Scalar
from gofau_studies.spec.entries import RuleSpec
from gofau_studies.spec.fields import DEFAULT_BATCH, Arm, SpecFields
from gofau_studies.spec.resolution import driven, examples, values
from gofau_studies.spec.schedules import Schedule
from gofau_studies.spec.search import BATCH, STARTUP, Search
from gofau_studies.spec.settings.hyper import fixed_hyper

Hyper = Mapping[str, Scalar]


def check_idle(spec: SpecFields) -> None:
    """Raise for a setting that would change nothing.

    Raises:
        CatalogError: with the path of the field.
    """
    _batch_size(spec)
    _search(spec.search)
    _decay(spec)
    for arm in examples(spec):
        _arm(arm)
    for j, rule in enumerate(spec.rules):
        _gamma(spec, rule, f"rules[{j}].gamma_schedule.patience")
        _schedule(spec, rule, "schedule" if rule.schedule is None else f"rules[{j}].schedule")


def _arm(arm: Arm) -> None:
    spec, hyper = arm.spec, _hyper(arm)
    _given(spec.fixed, catalog.common.parameters, hyper, "fixed")
    known = catalog.directions.get(arm.direction.name, "directions").parameters
    _given(arm.direction.parameters, known, hyper, f"directions[{arm.places[1]}]")
    known = catalog.rules.get(arm.rule.name, "rules").parameters
    _given(arm.rule.parameters, known, hyper, f"rules[{arm.places[2]}]")
    for axis in spec.axes:
        _axis(axis, driven(axis, arm), hyper)


def _batch_size(spec: SpecFields) -> None:
    entries = [catalog.problems.get(problem.name, "problems") for problem in spec.problems]
    if spec.batch_size != DEFAULT_BATCH and all(entry.full_batch for entry in entries):
        whole = f"a step of {entries[0].name} takes the whole problem"
        expected = f"{DEFAULT_BATCH} or nothing, since {whole}"
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


def _decay(spec: SpecFields) -> None:
    for direction in spec.directions:
        always = catalog.directions.get(direction.name, "directions").decouples_decay
        if always and spec.fixed.get("decoupled_decay") is False:
            expected = (
                f"true or nothing, since {direction.name} decouples its decay (adam does not)"
            )
            raise CatalogError("fixed.decoupled_decay", False, expected)


def _hyper(arm: Arm) -> Hyper:
    """The hyperparameters that stay the same at all cells and epochs of an arm."""
    hyper = fixed_hyper(arm)
    if arm.rule.gamma_schedule is not None:
        hyper.pop("gamma", None)
    return hyper


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


def _gamma(spec: SpecFields, rule: RuleSpec, path: str) -> None:
    wanted = rule.gamma_schedule
    epochs = min(values(spec, "epochs"))
    if wanted is not None and wanted.patience >= epochs:
        expected = f"below epochs = {epochs}, after which it would start"
        raise CatalogError(path, wanted.patience, expected)


def _schedule(spec: SpecFields, rule: RuleSpec, path: str) -> None:
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


def _steps(spec: SpecFields) -> Iterator[int]:
    """The update steps of a trial of each problem, where they are known before it trains."""
    trainings = list(product(values(spec, "epochs"), values(spec, "batch_size")))
    for problem, (epochs, batch_size) in product(spec.problems, trainings):
        steps = catalog.problems.get(problem.name, "problems").steps(epochs, batch_size)
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
