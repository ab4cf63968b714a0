"""States and outcomes of trials and studies: the words that every package shares."""

from enum import StrEnum


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
    is not known: maps and metrics leave it out.
    """

    REACHED_TARGET = "reached_target"
    BUDGET_EXHAUSTED = "budget_exhausted"
    DIVERGED = "diverged"
    NONFINITE = "nonfinite"
    STOPPED_EARLY = "stopped_early"


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
