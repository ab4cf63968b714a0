"""The fields of a study spec, each valid by itself, and the arms that they span."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gofau import catalog
from gofau_studies.spec.axes import Axis
from gofau_studies.spec.entries import DirectionSpec, ProblemSpec, RuleSpec, Value, label_entries
from gofau_studies.spec.faults import fault, storable, telling
from gofau_studies.spec.goal import Goal
from gofau_studies.spec.schedules import Halving, Schedule
from gofau_studies.spec.search import GRID, Refine, Search

Seed = Annotated[int, Field(ge=0, lt=2**32)]
MAX_SEEDS = 100_000
DEFAULT_BATCH = 64
Tag = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(telling)]

_labelled = AfterValidator(label_entries)


class SpecFields(BaseModel):
    """What a study spec says; `gofau_studies.spec.StudySpec` holds it to the catalog."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(telling)]
    description: Annotated[str, Field(max_length=5000), AfterValidator(storable)] = ""
    tags: tuple[Tag, ...] = Field(default=(), strict=False, max_length=50)
    problems: Annotated[tuple[ProblemSpec, ...], _labelled] = Field(
        strict=False, min_length=1, max_length=100
    )
    epochs: Annotated[int, Field(ge=1, le=100_000)]
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = DEFAULT_BATCH
    directions: Annotated[tuple[DirectionSpec, ...], _labelled] = Field(
        strict=False, min_length=1, max_length=100
    )
    rules: Annotated[tuple[RuleSpec, ...], _labelled] = Field(
        strict=False, min_length=1, max_length=100
    )
    axes: dict[str, Axis] = Field(min_length=1, max_length=10)
    fixed: dict[str, Value] = {}
    seeds: tuple[Seed, ...] = Field(strict=False, min_length=1, max_length=MAX_SEEDS)
    search: Search = GRID
    refine: Refine | None = None
    schedule: Schedule = Schedule()
    halving: Halving | None = None
    goal: Goal
    stop_at_target: bool = False
    divergence_factor: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 2.0
    zero_policy: Literal["leave", "additive"] = "leave"
    dtype: Literal["float32", "float64"] = "float32"
    autocast: Literal["none", "bfloat16"] = "none"
    executor: Literal["auto", "serial"] = "auto"
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    checkpoint_every: Annotated[int, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthands(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        full = dict(data)
        if "problem" in full:
            if "problems" in full:
                raise fault("problem", full["problem"], "either problem or problems, not both")
            full["problems"] = [full.pop("problem")]
        seeds = full.get("seeds", 5)
        if isinstance(seeds, int) and not isinstance(seeds, bool):
            if not 1 <= seeds <= MAX_SEEDS:
                raise fault("seeds", seeds, f"a count in [1, {MAX_SEEDS}] or a list of seeds")
            full["seeds"] = tuple(range(seeds))
        full.setdefault("goal", _default_goal(full.get("problems")))
        return full

    def schedule_of(self, rule: RuleSpec) -> Schedule:
        """The schedule of a rule's learning rates: its own, or else the study's."""
        return self.schedule if rule.schedule is None else rule.schedule

    @property
    def arms(self) -> Iterator["Arm"]:
        """Every (problem, direction, rule), in the order of the cells."""
        for problem, direction, rule in product(self.problems, self.directions, self.rules):
            yield Arm(self, problem, direction, rule)

    @property
    def arm_count(self) -> int:
        """Combinations of problem, direction and rule; each gets the same number of cells."""
        return len(self.problems) * len(self.directions) * len(self.rules)

    @property
    def first_points(self) -> int:
        """Points of each arm that are known when the study is submitted."""
        if not self.search.is_grid:
            return self.search.at_submission
        return prod(axis.size for axis in self.axes.values())

    @property
    def later_points(self) -> int:
        """Points of each arm that rounds append once results are there."""
        refined = self.refine.trials if self.refine else 0
        return max(self.search.budget - self.first_points, 0) + refined

    @property
    def cell_count(self) -> int:
        """Cells of the whole study, those of later rounds included."""
        return self.arm_count * (self.first_points + self.later_points)

    @property
    def trial_count(self) -> int:
        """Trials of the whole study: cells × seeds."""
        return self.cell_count * len(self.seeds)


@dataclass(frozen=True)
class Arm:
    """One problem, direction and rule of a spec."""

    spec: SpecFields
    problem: ProblemSpec
    direction: DirectionSpec
    rule: RuleSpec

    @property
    def labels(self) -> tuple[str, str, str]:
        """What names the arm in its study."""
        return self.problem.label, self.direction.label, self.rule.label

    @property
    def places(self) -> tuple[int, int, int]:
        """Where the three stand in the spec's lists."""
        spec = self.spec
        return (
            _place(self.problem, spec.problems),
            _place(self.direction, spec.directions),
            _place(self.rule, spec.rules),
        )

    @property
    def schedule(self) -> Schedule:
        """The schedule of its learning rates."""
        return self.spec.schedule_of(self.rule)


def _place(entry: object, entries: Iterable[object]) -> int:
    # By identity, since comparing models takes long.
    return next(i for i, one in enumerate(entries) if one is entry)


def _default_goal(problems: Any) -> Any:
    first = problems[0] if isinstance(problems, list | tuple) and problems else None
    name = first.get("name") if isinstance(first, Mapping) else first
    entry = catalog.problems.entries.get(name) if isinstance(name, str) else None
    return {"metric": entry.metric_names[0] if entry else "val_loss"}
