"""What workers and the service say to each other over HTTP, as validated models.

A worker reads the waiting trials, leases the ones of its pack, renews the lease while it trains,
and posts each result once it exists. Non-finite numbers travel as ``null``, since JSON has none.

| call | request | answer |
|---|---|---|
| ``POST /v1/worker/tickets`` | `TicketUse` | `TicketReceipt` |
| ``GET /v1/worker/studies/{id}/work?after=&limit=`` | | `WorkPage` |
| ``POST /v1/worker/studies/{id}/leases`` | `LeaseRequest` | `Lease` |
| ``POST /v1/worker/leases/{lease}/heartbeat`` | | `LeaseStatus` |
| ``POST /v1/worker/leases/{lease}/results`` | `ResultBatch` | `ResultReceipt` |
| ``POST /v1/worker/leases/{lease}/release`` | | `LeaseStatus` |
| ``GET /v1/worker/studies/{id}/search`` | | `SearchHistory` |
| ``POST /v1/worker/studies/{id}/rounds`` | `SearchRound` | `RoundReceipt` |
| ``POST /v1/worker/studies/{id}/failure`` | `StudyFailure` | `LeaseStatus` |
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from gofau_studies.protocol.trial_facts import Number, posted
from gofau_studies.protocol.trials import Outcome, StudyState
from gofau_studies.spec.canonical import canonical_json

MAX_BATCH = 10_000
MAX_CURVE = 100_002
MAX_RECORD = 65_536

Curve = Annotated[list[Number | None], Field(max_length=MAX_CURVE)]
Index = Annotated[int, Field(ge=0, lt=2**31)]
Fact = Annotated[str, Field(max_length=500)] | Annotated[int, Field(ge=-(2**53), le=2**53)]


def _bounded(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record, if it is small enough to be stored and plain JSON."""
    text = canonical_json(record)
    if len(text) > MAX_RECORD or "\\u0000" in text:
        raise ValueError(f"expected plain JSON of at most {MAX_RECORD} characters")
    return record


class Wire(BaseModel):
    """Base of all messages: frozen, and closed against unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TicketUse(Wire):
    """A driver exchanges its ticket for a token that it has made and of which it tells the SHA-256.

    Exchanging it again for the same token changes nothing; for another one it is refused.
    """

    ticket: Annotated[str, Field(min_length=1, max_length=200)]
    token_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class TicketReceipt(Wire):
    """The study for which the token is good."""

    study: str


class WorkTrial(Wire):
    """One waiting trial: its index in the study, its cell's key, its seed and earlier attempts.

    A page says the definition of each cell once; `WorkPage.waiting` puts it with its trials.
    """

    index: Index
    cell: str
    seed: int
    attempts: Annotated[int, Field(ge=0)]
    definition: dict[str, Any] = Field({}, exclude=True)


class WorkPage(Wire):
    """Waiting trials after an index, with the definition of each cell they need.

    ``next_after`` is the value of ``after`` for the next page, or ``None`` at the end. ``running``
    counts the study's trials that some lease holds: a driver with nothing left to start waits for
    them, since a lost lease gives its trials back. While ``searching``, rounds are still to come.
    ``checkpoint_every`` is the spec's number of epochs between checkpoints, if it has one.
    """

    study: str
    state: StudyState
    running: int
    searching: bool = False
    checkpoint_every: Annotated[int, Field(ge=1)] | None = None
    trials: list[WorkTrial]
    cells: dict[str, dict[str, Any]]
    next_after: int | None

    def waiting(self) -> Iterator[WorkTrial]:
        """The trials with the definitions of their cells, which trials of one cell share."""
        for trial in self.trials:
            yield trial.model_copy(update={"definition": self.cells[trial.cell]})


class LeaseRequest(Wire):
    """A worker asks for trials by index; ``worker`` names the process that will train them.

    Args:
        worker: the process.
        trials: of one problem, direction and rule.
        code_version: of the worker's gofau; a lease is refused where it is not the service's.
        inputs: what training them there depends on beside gofau and their cells: the data, the
            module, the loss and other code, in plain JSON. Trials that have a result of the same
            inputs elsewhere are completed by it. Without it nothing is reused, now or later.
        environment: what decides the last bits of results there: processor, libraries, versions.
    """

    worker: Annotated[str, Field(min_length=1, max_length=200)]
    trials: Annotated[list[Index], Field(min_length=1, max_length=MAX_BATCH)]
    code_version: Annotated[str, Field(min_length=1, max_length=100)]
    inputs: Annotated[dict[str, Any], AfterValidator(_bounded)] | None = None
    environment: Annotated[dict[str, Fact], AfterValidator(_bounded)] | None = None


class Lease(Wire):
    """The trials granted (those still waiting) and how long they are held without a heartbeat.

    ``reused`` counts those that have been completed by results of other studies instead.
    """

    lease: str
    granted: list[int]
    reused: int = 0
    ttl_s: float


class StudyFailure(Wire):
    """Why a driver ends with trials left that no further attempt could train."""

    reason: Annotated[str, Field(min_length=1, max_length=4000)]


class LeaseStatus(Wire):
    """Whether the lease still holds, and whether the worker should stop and release it."""

    held: bool
    stop: bool
    ttl_s: float


class Measured(Wire):
    """What a completed trial measured.

    ``curves[metric][0]`` is the value before training, then one value an epoch; ``null`` stands
    for a number that is not finite.
    """

    index: Index
    metrics: dict[str, Number | None]
    curves: dict[str, Curve]


if TYPE_CHECKING:

    class TrialResult(Measured):
        """A completed trial: what it measured and all facts that a result says."""

        outcome: Outcome
        wall_s: float

else:
    TrialResult = create_model(
        "TrialResult",
        __base__=Measured,
        __module__=__name__,
        __doc__="A completed trial: what it measured and all facts that a result says.",
        **posted(),
    )


class TrialFailure(Wire):
    """An attempt whose code raised: a crash, not a divergence.

    The trial waits again until its attempts are used up, then it is failed with this error. It is
    failed at once where the fault is ``incurable``: whatever it comes from stays as it is.
    """

    index: Index
    error: Annotated[str, Field(max_length=4000)]
    incurable: bool = False


class ResultBatch(Wire):
    """Results and failures of one lease. Posting a batch twice changes nothing."""

    results: Annotated[list[TrialResult], Field(max_length=MAX_BATCH)] = []
    failures: Annotated[list[TrialFailure], Field(max_length=MAX_BATCH)] = []


class ResultReceipt(Wire):
    """How many results were stored, were there already, or came under a lease that was lost."""

    stored: int
    duplicates: int
    refused: int
    stop: bool


class SearchArm(Wire):
    """An arm by its labels, and what a diverged trial of its problem counts as (if bounded)."""

    problem: str
    direction: str
    rule: str
    cap: Number | None


class SearchCell(Wire):
    """What a point of an arm gave: ``round`` 0 is what was known at submission.

    ``values`` are the goal metric of the seeds that have one, in the order of the spec's seeds,
    each at most as bad as the arm's cap, which diverged trials count as. Where there is no cap,
    diverged trials are only counted.
    """

    arm: Index
    round: Index
    point: dict[str, Number]
    values: list[Number]
    diverged: Index
    failed: Index


class SearchHistory(Wire):
    """All that a planner may depend on; cells are in the order in which they were asked for."""

    spec: dict[str, Any]
    next_round: Annotated[int, Field(ge=1)]
    finished: bool
    arms: list[SearchArm]
    cells: list[SearchCell]


class ArmPoints(Wire):
    """The points that a round adds to one arm."""

    problem: str
    direction: str
    rule: str
    points: Annotated[list[dict[str, Number]], Field(max_length=MAX_BATCH)]


class SearchRound(Wire):
    """A round: the same number of new points for every arm. The first post of a number counts."""

    number: Annotated[int, Field(ge=1)]
    arms: Annotated[list[ArmPoints], Field(max_length=1_000_000)]


class RoundReceipt(Wire):
    """How many cells the round has in the store, and whether it was this post that put them there.

    A round is appended only to a running study, once every trial before it has ended; otherwise
    ``cells`` is 0 and the driver reads the work again.
    """

    number: int
    cells: int
    new: bool
