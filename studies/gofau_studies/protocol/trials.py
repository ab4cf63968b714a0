"""States and outcomes of trials and studies: the words that every package shares."""

import re
from enum import StrEnum
from typing import Final

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
