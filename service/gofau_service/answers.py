"""What the service says: one set of models for the API, the Python client and the command line.

They need pydantic alone. Fields that a later release adds are ignored, so that an older client
reads a newer service. The report is `gofau_studies.report.model.RobustnessReport`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from gofau_studies.protocol.trial_facts import TrialFacts
from gofau_studies.protocol.trials import OutcomeCounts, OutcomeFields, StudyState


class Answer(BaseModel):
    """Base of every answer: frozen, open to fields of later releases, each field always said."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", json_schema_serialization_defaults_required=True
    )


class StateCounts(Answer):
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


class Study(Answer):
    """A study: what was asked, where it stands, how fast it goes."""

    id: str
    name: str
    owner: str
    tags: tuple[str, ...]
    state: StudyState
    spec_hash: str
    goal: Mapping[str, Any]
    trials: int
    counts: StateCounts
    outcomes: OutcomeCounts
    reuse: bool = Field(description="whether results that are there already are taken")
    reused: int = Field(description="trials whose result was there already")
    progress: float = Field(description="ended trials over all trials, 0 to 1")
    trials_per_s: float | None = Field(description="mean since the start, reused trials left out")
    eta_s: float | None = Field(description="seconds to the end at that rate")
    revision: int = Field(description="grows with each change of the study or its trials")
    message: str | None = Field(description="why the study waits, or how it ended")
    doubts: tuple[str, ...] = Field((), description="what is wrong with its goal, if anything")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def diverged(self) -> int:
        """Completed trials that diverged or ended non-finite."""
        return sum(count for outcome, count in self.outcomes.items() if outcome.lost)

    @property
    def succeeded(self) -> bool:
        """Whether the study has ended with results."""
        return self.state is StudyState.COMPLETED


class StudyDetail(Study):
    """A study with its whole spec, as validated and as submitted."""

    spec: Mapping[str, Any]
    source: str


class Plan(Answer):
    """What a valid spec would run, and what it would cost."""

    name: str
    spec_hash: str
    trials: int
    cells: int
    packs: int = Field(description="groups of trials that can be trained as one stack")
    reusable: int = Field(
        description="at most so many trials take a result that is there already: as many as have "
        "one of the same cell, seed and code, if the workers find the same data"
    )
    seconds_per_trial: float | None = Field(description="mean of earlier trials like these")
    seconds: float | None = Field(description="the other trials times that, on one worker")


class Trial(TrialFacts, Answer):
    """One trial: where it stands in the grid and what it gave."""


class TrialDetail(Trial):
    """A trial with its cell and its measurements."""

    cell: str = Field(description="the cell's key: a hash of its definition")
    definition: Mapping[str, Any]
    metrics: Mapping[str, float | None]
    curves: Mapping[str, tuple[float | None, ...]] = Field(
        description="per metric the value before training, then one an epoch; `null` for a "
        "number that was not finite"
    )
    source_study: str | None = Field(description="study that a reused result came from")


class Cell(OutcomeFields, Answer):
    """Aggregates of a cell's trials.

    Without ``metric``, mean and its like are of the goal's value, and count a diverged trial as the
    problem's cap; with it they are over the completed trials that have such a number.
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
    valued: int = Field(description="trials that the mean and its like are over")
    mean: float | None
    std: float | None = Field(description="standard deviation over seeds (n − 1)")
    minimum: float | None
    maximum: float | None
    wall_s: float


class StudyEnvironment(Answer):
    """Where trials were computed: what decides the last bits of their results."""

    digest: str | None = Field(description="`null`: not recorded")
    trials: int
    record: Mapping[str, Any]


class StudyInputs(Answer):
    """What trials of a problem and a rule depended on: data, module, loss, other code."""

    problem: str
    rule: str
    digest: str | None = Field(description="`null`: not recorded")
    trials: int
    record: Mapping[str, Any]


class StudyProvenance(Answer):
    """What a study's completed trials depended on, and where they were computed."""

    environments: tuple[StudyEnvironment, ...]
    inputs: tuple[StudyInputs, ...]


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
    """A token just made; ``token``, its secret, is shown this once."""

    token: str = Field(repr=False)


M = TypeVar("M", bound=Answer)


class Page(Answer, Generic[M]):
    """Some rows, and the cursor of the rows after them (``null`` at the end)."""

    items: tuple[M, ...]
    next_cursor: str | None = Field(description="pass it as `cursor` to read on")
