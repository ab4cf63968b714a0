"""The errors of packed training; `gofau.errors` draws them in the whole tree."""

from gofau.errors import GofauError, IncurableError, UnsupportedError


class PackError(GofauError):
    """Base of all errors of packed training."""


class PlanError(PackError, IncurableError, ValueError):
    """A plan's field has a value that cannot be run.

    Args:
        path: the field.
        got: its value.
        expected: what can be run, in words.
        trial: the key of the only trial whose field it is, if it is one trial's.
    """

    def __init__(self, path: str, got: object, expected: str, *, trial: int | None = None) -> None:
        super().__init__(f"{path}: got {got!r}, expected {expected}")
        self.path = path
        self.got = got
        self.expected = expected
        self.trial = trial

    def in_trial(self, key: int) -> "PlanError":
        """The same fault as one of that trial alone."""
        return PlanError(f"trials[key={key}].{self.path}", self.got, self.expected, trial=key)


class ExecutorError(PackError, UnsupportedError):
    """The executor asked for cannot train this problem; ``reason`` says why."""

    def __init__(self, executor: str, reason: str) -> None:
        super().__init__(
            f"executor: got {executor!r}, which cannot run this plan: {reason}; "
            "expected 'auto' or an executor that supports it"
        )
        self.reason = reason


class CheckpointError(PackError):
    """A checkpoint belongs to another plan, or its settings are out of range."""
