"""Trials and cells as the API shows them."""

from datetime import datetime
from typing import Any

from pydantic import Field

from gofau_service.studies.schemas import Out
from gofau_studies.protocol.trials import Outcome, TrialState


class TrialView(Out):
    """One trial: where it stands in the grid and what it gave."""

    index: int
    problem: str
    direction: str
    rule: str
    point: dict[str, float] = Field(description="axis values", examples=[{"lr": 0.1}])
    seed: int
    state: TrialState
    outcome: Outcome | None
    attempts: int
    value: float | None = Field(description="the goal metric after the last epoch")
    best: float | None = Field(description="the goal metric's best over the epochs")
    steps_to_target: int | None
    steps: int | None
    epochs_run: int | None
    frozen_fraction: float | None
    executor: str | None
    executor_reason: str | None
    pack_size: int | None
    wall_s: float | None
    code_version: str | None
    inputs: str | None = Field(
        description="digest of the data and the other code that the result depended on"
    )
    environment: str | None = Field(description="digest of where it was computed")
    error: str | None
    revision: int | None
    ended_at: datetime | None


class TrialDetail(TrialView):
    """A trial with its cell and its measurements."""

    cell: str = Field(description="the cell's key: a hash of its definition")
    definition: dict[str, Any]
    metrics: dict[str, float | None]
    curves: dict[str, list[float | None]] = Field(
        description="per metric the value before training, then one an epoch"
    )
    source_study: str | None = Field(description="study that a reused result came from")


class CellView(Out):
    """Aggregates of a cell's trials.

    Without ``metric``, mean and its like are of the goal's value, and count a diverged trial as the
    problem's cap; with it they are over the completed trials that have such a number.
    """

    ordinal: int
    problem: str
    direction: str
    rule: str
    point: dict[str, float]
    trials: int
    completed: int
    failed: int
    cancelled: int
    reached_target: int
    budget_exhausted: int
    diverged: int
    nonfinite: int
    stopped_early: int
    valued: int = Field(description="trials that the mean and its like are over")
    mean: float | None
    std: float | None = Field(description="standard deviation over seeds (n − 1)")
    minimum: float | None
    maximum: float | None
    wall_s: float
