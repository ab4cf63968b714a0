"""Cells and trials of a spec, enumerated lazily and always in the same order."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from gofau import catalog
from gofau_studies.spec.canonical import content_hash
from gofau_studies.spec.draws import at_submission
from gofau_studies.spec.fields import DEFAULT_BATCH, Arm
from gofau_studies.spec.resolution import Resolution
from gofau_studies.spec.space import Point, Space
from gofau_studies.spec.study import StudySpec


@dataclass(frozen=True)
class Cell:
    """One (problem, direction, rule, hyperparameter point), without a seed.

    ``definition`` holds all that decides the result and is what ``key`` hashes; the labels and
    ``point`` (axis to value) say where the cell stands in its study.
    """

    key: str
    problem: str
    direction: str
    rule: str
    point: Mapping[str, float]
    definition: Mapping[str, Any]


def cells(spec: StudySpec) -> Iterator[Cell]:
    """Every cell known at submission: problems, directions, rules, then points in their order.

    A grid's points have the axes in the spec's order; a search's are the same for every rule.
    """
    points = _points(spec)
    for arm in arms(spec):
        yield from map(arm, points())


def arms(spec: StudySpec) -> Iterator["ArmCells"]:
    """Every (problem, direction, rule) in the order of the cells."""
    return map(ArmCells, spec.arms)


def _points(spec: StudySpec) -> Callable[[], Iterable[Point]]:
    if not spec.search.is_grid:
        drawn = at_submission(spec.search, Space.of(spec.axes))
        return lambda: drawn
    names = tuple(spec.axes)
    grids = [axis.grid() for axis in spec.axes.values()]
    return lambda: (dict(zip(names, values, strict=True)) for values in product(*grids))


class ArmCells:
    """Makes the cells of one (problem, direction, rule); resolves its settings once."""

    def __init__(self, arm: Arm) -> None:
        self.labels = arm.labels
        self._shared = _shared(arm)
        self._settings = Resolution(arm)

    def __call__(self, point: Point) -> Cell:
        """The cell at a point."""
        definition = {**self._shared, **self._settings(point)}
        problem, direction, rule = self.labels
        return Cell(content_hash(definition), problem, direction, rule, point, definition)


def _shared(arm: Arm) -> dict[str, Any]:
    """What the definitions of an arm's cells have in common beside its settings."""
    spec, entry = arm.spec, catalog.problems.get(arm.problem.name, "problems")
    shared = {
        "problem": arm.problem.name,
        "problem_parameters": entry.resolve(arm.problem.parameters, "problems"),
        "direction": arm.direction.name,
        "rule": arm.rule.name,
        "epochs": spec.epochs,
        "batch_size": DEFAULT_BATCH if entry.full_batch else spec.batch_size,
        "goal_metric": spec.goal.metric,
        "minimize": spec.goal.minimize,
        "target": spec.goal.target,
        "stop_at_target": spec.stop_at_target,
        "divergence_factor": spec.divergence_factor,
        "zero_policy": spec.zero_policy,
        "dtype": spec.dtype,
        "executor": spec.executor,
    }
    return shared | _where_used(arm)


def _where_used(arm: Arm) -> dict[str, Any]:
    """Entries that a definition has only where something is asked for."""
    spec, found = arm.spec, dict[str, Any]()
    if spec.autocast != "none":
        found["autocast"] = spec.autocast
    if arm.rule.gamma_schedule is not None:
        found["gamma_schedule"] = arm.rule.gamma_schedule.definition()
    if spec.halving is not None:
        found["halving"] = spec.halving.definition(spec.goal.metric, spec.goal.minimize)
    return found
