"""Cells and trials of a spec, enumerated lazily and always in the same order."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from gofau import catalog
from gofau_studies.spec.canonical import content_hash
from gofau_studies.spec.draws import at_submission
from gofau_studies.spec.entries import DirectionSpec, ProblemSpec, RuleSpec
from gofau_studies.spec.schedules import AXES
from gofau_studies.spec.space import Point, Space
from gofau_studies.spec.study import DEFAULT_BATCH, StudySpec

Scalar = catalog.Scalar


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


def arms(spec: StudySpec) -> Iterator["Arm"]:
    """Every (problem, direction, rule) in the order of the cells."""
    for problem, direction, rule in product(spec.problems, spec.directions, spec.rules):
        yield Arm(spec, problem, direction, rule)


def _points(spec: StudySpec) -> Callable[[], Iterable[Point]]:
    if not spec.search.is_grid:
        drawn = at_submission(spec.search, Space.of(spec.axes))
        return lambda: drawn
    names = tuple(spec.axes)
    grids = [axis.grid() for axis in spec.axes.values()]
    return lambda: (dict(zip(names, values, strict=True)) for values in product(*grids))


class Arm:
    """Makes the cells of one (problem, direction, rule); resolves the constant parts once."""

    def __init__(
        self, spec: StudySpec, problem: ProblemSpec, direction: DirectionSpec, rule: RuleSpec
    ) -> None:
        self.labels = (problem.label, direction.label, rule.label)
        self.driven = {
            axis: [p.name for p in spec.driven(axis, direction, rule)] for axis in spec.axes
        }
        common = catalog.common.resolve(
            {k: v for k, v in spec.fixed.items() if k != "init_scale"},
            "fixed",
            frozenset(spec.axes),
        )
        if catalog.directions.get(direction.name, "directions").decouples_decay:
            common["decoupled_decay"] = True
        self.hyper = {**common, **spec.direction_hyper(direction), **spec.rule_hyper(rule)}
        self.schedule = spec.schedule_of(rule)
        self.rates = [a for a in spec.axes if spec.driven(a, direction, rule) == (AXES.get(a),)]
        self.init_scale = float(spec.fixed.get("init_scale", catalog.init_scale.default or 1.0))
        entry = catalog.problems.get(problem.name, "problems")
        self.base: dict[str, Any] = {
            "problem": problem.name,
            "problem_parameters": entry.resolve(problem.parameters, "problems"),
            "direction": direction.name,
            "rule": rule.name,
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
        if spec.autocast != "none":
            self.base["autocast"] = spec.autocast
        if rule.gamma_schedule is not None:
            self.base["gamma_schedule"] = rule.gamma_schedule.definition()
        if spec.halving is not None:
            goal = spec.goal
            self.base["halving"] = spec.halving.definition(goal.metric, goal.minimize)

    def __call__(self, point: Point) -> Cell:
        """The cell at a point."""
        driven = {name: value for axis, value in point.items() for name in self.driven[axis]}
        init_scale = driven.pop(catalog.init_scale.name, self.init_scale)
        rates = {name: driven.pop(name) for name in self.rates}
        hyper = {**self.hyper, **driven}
        definition = {**self.base, "init_scale": init_scale, "hyper": hyper}
        if schedule := self.schedule.definition(rates):
            definition["schedule"] = schedule
        problem, direction, rule = self.labels
        return Cell(content_hash(definition), problem, direction, rule, point, definition)
