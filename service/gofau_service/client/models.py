"""What the service answers, as typed values.

Unknown fields are ignored, so that an older client reads a newer service.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gofau_studies.protocol.trials import Outcome, StudyState, TrialState


class Answer(BaseModel):
    """Base of every answer: frozen, and open to fields of later releases."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Counts(Answer):
    """Trials by state."""

    waiting: int = 0
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def ended(self) -> int:
        """Trials in a final state."""
        return self.completed + self.failed + self.cancelled

    @property
    def total(self) -> int:
        """All trials."""
        return self.waiting + self.running + self.ended


def _known_outcomes(given: Any) -> Any:
    """Counts by outcome without outcomes of later releases."""
    known = set(Outcome)
    return {k: n for k, n in given.items() if k in known} if isinstance(given, Mapping) else given


class Study(Answer):
    """A stored study: its state and how far it is."""

    id: str
    name: str
    owner: str
    state: StudyState
    spec_hash: str
    goal: Mapping[str, Any]
    trials: int
    counts: Counts
    outcomes: Annotated[Mapping[Outcome, int], BeforeValidator(_known_outcomes)]
    reuse: bool
    reused: int
    progress: float
    trials_per_s: float | None
    eta_s: float | None
    revision: int
    message: str | None
    doubts: tuple[str, ...] = ()
    tags: tuple[str, ...]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def diverged(self) -> int:
        """Completed trials that diverged or ended non-finite."""
        return sum(self.outcomes.get(o, 0) for o in (Outcome.DIVERGED, Outcome.NONFINITE))

    @property
    def succeeded(self) -> bool:
        """Whether the study has ended with results."""
        return self.state is StudyState.COMPLETED


class StudyDetail(Study):
    """A study with its spec, as validated and as submitted."""

    spec: Mapping[str, Any]
    source: str


class Plan(Answer):
    """What a spec would run, and what it would cost."""

    name: str
    spec_hash: str
    trials: int
    cells: int
    packs: int
    reusable: int
    seconds_per_trial: float | None
    seconds: float | None


class Trial(Answer):
    """One cell with one seed: where it stands in the grid and what it gave."""

    index: int
    problem: str
    direction: str
    rule: str
    point: Mapping[str, float]
    seed: int
    state: TrialState
    outcome: Outcome | None
    attempts: int
    value: float | None
    best: float | None
    steps_to_target: int | None
    steps: int | None
    epochs_run: int | None
    frozen_fraction: float | None
    executor: str | None
    executor_reason: str | None
    pack_size: int | None
    wall_s: float | None
    code_version: str | None
    inputs: str | None
    environment: str | None
    error: str | None
    revision: int | None
    ended_at: datetime | None


class TrialDetail(Trial):
    """A trial with its cell's definition and its measurements.

    ``curves[metric][0]`` is the value before training, then one value an epoch; ``None`` stands
    for a number that was not finite.
    """

    cell: str
    definition: Mapping[str, Any]
    metrics: Mapping[str, float | None]
    curves: Mapping[str, tuple[float | None, ...]]
    source_study: str | None


class Cell(Answer):
    """Aggregates of a cell's trials.

    The goal's values count a diverged trial as the problem's cap; another metric's are over the
    ``valued`` trials that have one.
    """

    ordinal: int
    problem: str
    direction: str
    rule: str
    point: Mapping[str, float]
    trials: int
    completed: int
    failed: int
    cancelled: int
    reached_target: int
    budget_exhausted: int
    diverged: int
    nonfinite: int
    stopped_early: int
    valued: int
    mean: float | None
    std: float | None
    minimum: float | None
    maximum: float | None
    wall_s: float


class Environment(Answer):
    """Where trials were computed; ``digest`` is ``None`` where that was not recorded."""

    digest: str | None
    trials: int
    record: Mapping[str, Any]


class Inputs(Answer):
    """What trials of a problem and a rule depended on beside gofau and their cells."""

    problem: str
    rule: str
    digest: str | None
    trials: int
    record: Mapping[str, Any]


class Provenance(Answer):
    """All environments and inputs of a study's completed trials."""

    environments: tuple[Environment, ...]
    inputs: tuple[Inputs, ...]


class Token(Answer):
    """An API token without its secret."""

    id: str
    name: str
    owner: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewToken(Token):
    """A token just made; its secret is shown this once."""

    token: str = Field(repr=False)


M = TypeVar("M", bound=Answer)


class Page(Answer, Generic[M]):
    """One page of a listing; ``next_cursor`` leads to the following one, if there is one."""

    items: tuple[M, ...]
    next_cursor: str | None
