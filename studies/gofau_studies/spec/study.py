"""The study spec: the frozen, hashable request that a study is made from."""

from collections.abc import Mapping
from functools import cached_property
from math import prod
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from gofau import catalog
from gofau_studies.spec.axes import Axis, fault, storable, telling
from gofau_studies.spec.canonical import canonical_json, content_hash
from gofau_studies.spec.checks import check_against_catalog, check_sense
from gofau_studies.spec.entries import DirectionSpec, ProblemSpec, RuleSpec, Value, label_entries
from gofau_studies.spec.goal import Goal
from gofau_studies.spec.meaning import entry_meaning, meaning
from gofau_studies.spec.schedules import AXES, Halving, Schedule
from gofau_studies.spec.search import GRID, Refine, Search

Seed = Annotated[int, Field(ge=0, lt=2**32)]
MAX_SEEDS = 100_000
DEFAULT_BATCH = 64
Tag = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(telling)]

_labelled = AfterValidator(label_entries)

STORED = {"stored": True}
"""Validation context of a spec that was accepted once: what has become a check since, such as the
directions and ranges of its metrics, is let through as it is."""


class StudySpec(BaseModel):
    """A robustness study: problems × directions × rules × axes × seeds."""

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

    @model_validator(mode="after")
    def _against_catalog(self, info: ValidationInfo) -> Self:
        _check_distinct("seeds", self.seeds, "distinct entries")
        for field in ("problems", "directions", "rules"):
            labels = [entry.label for entry in getattr(self, field)]
            _check_distinct(field, labels, "distinct entries, and a label each where names repeat")
        if self.stop_at_target and self.goal.target is None:
            raise fault("stop_at_target", True, "false, or a goal.target to stop at")
        try:
            check_against_catalog(self)
            if info.context != STORED:
                check_sense(self)
        except catalog.CatalogError as error:
            raise fault(error.path, error.got, error.expected) from error
        if info.context != STORED:
            self._check_apart()
        return self

    def _check_apart(self) -> None:
        for field in ("problems", "directions", "rules"):
            bare = {
                entry.label: canonical_json(entry_meaning(self, entry))
                for entry in getattr(self, field)
            }
            repeated = [label for label in bare if [*bare.values()].count(bare[label]) > 1]
            if repeated:
                raise fault(field, repeated, "entries that differ in more than their labels")

    def schedule_of(self, rule: RuleSpec) -> Schedule:
        """The schedule of a rule's learning rates: its own, or else the study's."""
        return self.schedule if rule.schedule is None else rule.schedule

    def driven(
        self, axis: str, direction: DirectionSpec, rule: RuleSpec
    ) -> tuple[catalog.Parameter, ...]:
        """The parameters that an axis sets under a direction and a rule (empty: none)."""
        if axis == catalog.init_scale.name:
            return (catalog.init_scale,)
        rule_entry = catalog.rules.get(rule.name, "rules")
        names = self.rule_drives(axis, rule)
        if names:
            return tuple(p for name in names if (p := rule_entry.parameter(name)) is not None)
        entries = (catalog.directions.get(direction.name, "directions"), catalog.common)
        found = tuple(p for entry in entries if (p := entry.parameter(axis)) is not None)
        if not found and axis in AXES and self.schedule_of(rule).has(axis):
            return (AXES[axis],)
        return found

    def rule_drives(self, axis: str, rule: RuleSpec) -> tuple[str, ...]:
        """The names of the rule's parameters that an axis sets."""
        if axis in rule.drives:
            return rule.drives[axis]
        entry = catalog.rules.get(rule.name, "rules")
        if axis == "lr":
            return entry.lr_drives
        return (axis,) if entry.parameter(axis) is not None else ()

    def rule_hyper(self, rule: RuleSpec, path: str = "rules") -> dict[str, catalog.Scalar]:
        """The rule's fixed parameters, defaults filled in, without those an axis drives."""
        entry = catalog.rules.get(rule.name, f"{path}.name")
        for axis, names in rule.drives.items():
            if axis not in self.axes:
                raise catalog.CatalogError(f"{path}.drives.{axis}", axis, "an axis of this study")
            if axis in self._settings:
                expected = f"an axis of another name, since {axis} is a setting beside the rules"
                raise catalog.CatalogError(f"{path}.drives.{axis}", list(names), expected)
            for name in names:
                if entry.parameter(name) is None:
                    known = ", ".join(p.name for p in entry.parameters)
                    raise catalog.CatalogError(f"{path}.drives.{axis}", name, f"one of: {known}")
        driven = [name for axis in self.axes for name in self.rule_drives(axis, rule)]
        _check_distinct(f"{path}.drives", driven, "one axis for each parameter")
        return entry.resolve(rule.parameters, path, frozenset(driven))

    def direction_hyper(
        self, direction: DirectionSpec, path: str = "directions"
    ) -> dict[str, catalog.Scalar]:
        """The direction's fixed parameters, defaults filled in, without those an axis drives."""
        entry = catalog.directions.get(direction.name, f"{path}.name")
        return entry.resolve(direction.parameters, path, frozenset(self.axes))

    @property
    def _settings(self) -> set[str]:
        """Names that an axis sets beside the rules, whatever a rule says."""
        directions = (catalog.directions.get(d.name, "directions") for d in self.directions)
        places = (catalog.common, *directions)
        own = {parameter.name for place in places for parameter in place.parameters}
        return {catalog.init_scale.name} | own

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

    @cached_property
    def hash(self) -> str:
        """Content hash of everything that can change a result: specs of one meaning share it."""
        return content_hash(meaning(self))


def _default_goal(problems: Any) -> Any:
    first = problems[0] if isinstance(problems, list | tuple) and problems else None
    name = first.get("name") if isinstance(first, Mapping) else first
    entry = catalog.problems.entries.get(name) if isinstance(name, str) else None
    return {"metric": entry.metric_names[0] if entry else "val_loss"}


def _check_distinct(path: str, values: Any, expected: str) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise fault(path, value, expected)
        seen.add(value)
