"""What a spec may ask of a search, and of a refinement after a grid."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from gofau_studies.spec.faults import fault

MAX_TRIALS = 100_000
WITHIN = 0.01
"""How near the best counts as found: a share of the way from the best cost to the worst."""

STARTUP = 10
"""Points that an adaptive sampler is given before it proposes its own, as in Optuna."""

BATCH = 8
"""Points of a round that an adaptive sampler proposes unless its spec says otherwise."""

Sampler = Literal["grid", "random", "sobol", "tpe", "gp", "cmaes"]
ADAPTIVE = ("tpe", "gp", "cmaes")


def _canonical(name: Any) -> Any:
    return "sobol" if name == "qmc" else name


class Search(BaseModel):
    """``grid``, or a sampler with a budget of ``trials`` points for each problem, direction, rule.

    ``random`` and ``sobol`` (alias ``qmc``) draw all points when the study is submitted, the same
    for every rule. ``tpe``, ``gp`` and ``cmaes`` are told the mean over the spec's seeds of each
    point and propose ``batch`` further ones a round.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    sampler: Annotated[Sampler, BeforeValidator(_canonical)]
    trials: Annotated[int, Field(ge=1, le=MAX_TRIALS)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    batch: Annotated[int, Field(ge=2, le=10_000)] = BATCH

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: Any) -> Any:
        return {"sampler": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _budget(self) -> Self:
        extra = self.model_fields_set - {"sampler"}
        if self.is_grid and extra:
            raise fault(min(extra), getattr(self, min(extra)), "nothing beside a grid")
        if not self.is_grid and self.trials is None:
            raise fault("trials", None, f"an integer in [1, {MAX_TRIALS}]")
        return self

    @model_serializer(mode="wrap")
    def _dump(self, handler: SerializerFunctionWrapHandler) -> Any:
        return "grid" if self.is_grid else handler(self)

    @property
    def is_grid(self) -> bool:
        """Whether every combination of the axes' values is trained."""
        return self.sampler == "grid"

    @property
    def adaptive(self) -> bool:
        """Whether points depend on results."""
        return self.sampler in ADAPTIVE

    @property
    def budget(self) -> int:
        """Points of each arm: 0 for a grid, whose axes say how many."""
        return self.trials or 0

    @property
    def at_submission(self) -> int:
        """Points of each arm that are known before anything has run."""
        return min(self.budget, max(STARTUP, self.batch)) if self.adaptive else self.budget


GRID = Search(sampler="grid")

ROUNDS = 6
"""Rounds of a refinement unless its spec says otherwise."""


class Refine(BaseModel):
    """``trials`` further cells an arm after the grid, in ``rounds`` equal parts (6, if so many).

    They go where the basin's border lies, then where the edge of stability does. Within a round
    costs are guessed, so that few rounds spend cells beside the border.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    trials: Annotated[int, Field(ge=1, le=MAX_TRIALS)]
    rounds: Annotated[int, Field(ge=1, le=100)] = ROUNDS

    @model_validator(mode="before")
    @classmethod
    def _few_trials(cls, data: Any) -> Any:
        if (
            not isinstance(data, dict)
            or "rounds" in data
            or data.get("trials") not in range(1, ROUNDS)
        ):
            return data
        return {**data, "rounds": data["trials"]}

    @model_validator(mode="after")
    def _none_empty(self) -> Self:
        if self.rounds > self.trials:
            raise fault("rounds", self.rounds, f"at most trials = {self.trials}")
        return self

    def due(self, number: int) -> int:
        """Cells an arm in round ``number``, from 1 on; all rounds together have ``trials``."""
        return self.trials * number // self.rounds - self.trials * (number - 1) // self.rounds
