"""Exit codes: what a script may rely on."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    STUDY_FAILED = 1
    BAD_INPUT = 2
    UNREACHABLE = 3
    NOT_STARTED = 4
    NOT_ALLOWED = 5
    BUG = 70
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """One line for the documentation."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.OK: "done",
    Exit.STUDY_FAILED: "the study failed or was cancelled; the data set was not fetched",
    Exit.BAD_INPUT: "bad input: the faults are named by field, with what was got and expected",
    Exit.UNREACHABLE: "the service cannot be reached, or cannot answer",
    Exit.NOT_STARTED: "this machine could not start, or keep, the service or Ray",
    Exit.NOT_ALLOWED: "the token is missing, wrong, expired or too narrow",
    Exit.BUG: "a fault of this program; --debug shows where",
    Exit.INTERRUPTED: "interrupted with Ctrl-C",
}
