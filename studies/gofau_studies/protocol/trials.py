"""States and outcomes of trials and studies: the words that every package shares."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

_RAISED: Final = re.compile(r"^[A-Za-z_][\w.]*(: .*)?$")
LONGEST_GIST: Final = 500


class TrialState(StrEnum):
    """Where a trial stands; the last three are final."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the trial has ended."""
        return self in (TrialState.COMPLETED, TrialState.FAILED, TrialState.CANCELLED)


class Outcome(StrEnum):
    """How a completed trial ended. Divergence is an outcome, not a failure.

    A trial that successive halving stopped early is completed too, but what it would have come to
    is not known: maps and metrics leave it out. Each outcome has its count in `OutcomeFields`.
    """

    REACHED_TARGET = "reached_target"
    BUDGET_EXHAUSTED = "budget_exhausted"
    DIVERGED = "diverged"
    NONFINITE = "nonfinite"
    STOPPED_EARLY = "stopped_early"

    @property
    def lost(self) -> bool:
        """Whether it counts as the problem's cap, whatever value was measured."""
        return self in (Outcome.DIVERGED, Outcome.NONFINITE)

    @property
    def whole(self) -> bool:
        """Whether it ran as long as its spec wanted; what another would have come to is unknown."""
        return self is not Outcome.STOPPED_EARLY


class OutcomeFields(BaseModel):
    """Completed trials by outcome, one field an outcome: columns and answers have the same."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    reached_target: int = 0
    budget_exhausted: int = 0
    diverged: int = 0
    nonfinite: int = 0
    stopped_early: int = 0


class OutcomeCounts(OutcomeFields, Mapping[Outcome, int]):
    """Completed trials by outcome, as fields and as a mapping."""

    def __getitem__(self, outcome: Outcome | str) -> int:
        """How many ended so.

        Raises:
            KeyError: no outcome.
        """
        if outcome not in set(Outcome):
            raise KeyError(outcome)
        return int(getattr(self, outcome))

    def __iter__(self) -> Iterator[Outcome]:  # type: ignore[override]
        """The outcomes; pydantic's own pairs of fields are what `items` gives."""
        return iter(Outcome)

    def __len__(self) -> int:
        """How many outcomes there are."""
        return len(Outcome)

    def __eq__(self, other: object) -> bool:
        """Whether another mapping has the same counts."""
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = OutcomeFields.__hash__


class StudyState(StrEnum):
    """Where a study stands. ``completed``, ``failed`` and ``cancelled`` are final.

    A study with failed trials ends as ``failed`` only when no trial completed; otherwise it is
    ``completed`` and its counts say how many trials failed.
    """

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing more will run."""
        return self in (StudyState.COMPLETED, StudyState.FAILED, StudyState.CANCELLED)


def gist(error: str) -> str:
    """What a trial's error comes down to: the line of its traceback that names the exception.

    Args:
        error: a traceback, or a text of the service's own.

    Returns:
        str: that line, or the last one of a text without any; at most `LONGEST_GIST` characters.
    """
    last = error.rpartition("Traceback (most recent call last):")[2]
    lines = [line for line in last.splitlines() if line.strip()]
    named = (line for line in lines if _RAISED.match(line))
    line = next(named, lines[-1] if lines else "")
    return line if len(line) <= LONGEST_GIST else f"{line[: LONGEST_GIST - 3]}..."
