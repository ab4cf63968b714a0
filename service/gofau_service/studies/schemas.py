"""Studies as the API shows them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from gofau_service.store.base import now
from gofau_service.store.tables.studies import Study
from gofau_studies.protocol.trials import StudyState
from gofau_studies.spec import Tag
from gofau_studies.spec.goal import doubts

EXAMPLE = {
    "name": "digits-mlp",
    "problem": {"name": "digits-mlp", "width": 64, "depth": 2},
    "epochs": 20,
    "directions": ["sgd"],
    "rules": ["additive", {"name": "hybrid", "gamma": 0.5}],
    "axes": {
        "lr": {"log": [1e-3, 10.0], "points": 9},
        "init_scale": {"log": [0.1, 10.0], "points": 7},
    },
    "seeds": 5,
    "goal": {"metric": "val_loss", "minimize": True, "target": 0.3},
}


class Out(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(frozen=True)


class StateCounts(Out):
    """Trials by state."""

    waiting: int
    running: int
    completed: int
    failed: int
    cancelled: int


class OutcomeCounts(Out):
    """Completed trials by outcome."""

    reached_target: int
    budget_exhausted: int
    diverged: int
    nonfinite: int
    stopped_early: int


class StudyView(Out):
    """A study: what was asked, where it stands, how fast it goes."""

    id: str
    name: str
    owner: str
    tags: list[str]
    state: StudyState
    spec_hash: str
    goal: dict[str, Any]
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
    doubts: list[str] = Field(description="what is wrong with its goal, if anything")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, study: Study, tags: list[str]) -> Self:
        """The view of a stored study."""
        ended = study.completed + study.failed + study.cancelled
        total = ended + study.waiting + study.running + study.unplanned
        rate = _rate(study, study.completed + study.failed - study.reused)
        return cls(
            id=study.public_id,
            name=study.name,
            owner=study.owner,
            tags=tags,
            state=StudyState(study.state),
            spec_hash=study.spec_hash,
            goal=study.spec["goal"],
            trials=total,
            counts=StateCounts.model_validate(study, from_attributes=True),
            outcomes=OutcomeCounts.model_validate(study, from_attributes=True),
            reuse=study.reuse,
            reused=study.reused,
            progress=ended / total,
            trials_per_s=rate,
            eta_s=(total - ended) / rate if rate and not study.ended_at else None,
            revision=study.revision,
            message=study.message,
            doubts=list(doubts(study.spec)),
            created_at=moment(study.created_at),
            started_at=moment(study.started_at) if study.started_at else None,
            ended_at=moment(study.ended_at) if study.ended_at else None,
        )


class StudyDetail(StudyView):
    """A study with its whole spec, as validated and as submitted."""

    spec: dict[str, Any]
    source: str


class Estimate(Out):
    """What a valid spec would cost."""

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


class TagChange(BaseModel):
    """New tags of a study; they replace the old ones."""

    model_config = ConfigDict(extra="forbid")

    tags: Annotated[list[Tag], Field(max_length=50)]


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _rate(study: Study, done: int) -> float | None:
    if study.started_at is None or done <= 0:
        return None
    lasted = (study.ended_at or now()) - study.started_at
    return done / lasted if lasted > 0 else None
