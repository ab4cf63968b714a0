"""The errors of packed training.

PackError
├── PlanError         a plan that cannot be run as written
├── UnsupportedError  an executor that was asked for by name cannot run this problem
└── CheckpointError   a checkpoint that cannot be used for this plan
"""


class PackError(Exception):
    """Base of all errors of packed training."""


class PlanError(PackError, ValueError):
    """A plan's field has a value that cannot be run; ``path`` names the field."""

    def __init__(self, path: str, got: object, expected: str) -> None:
        super().__init__(f"{path}: got {got!r}, expected {expected}")
        self.path = path


class UnsupportedError(PackError):
    """The executor asked for cannot train this problem; ``reason`` says why."""

    def __init__(self, executor: str, reason: str) -> None:
        super().__init__(
            f"executor: got {executor!r}, which cannot run this plan: {reason}; "
            "expected 'auto' or an executor that supports it"
        )
        self.reason = reason


class CheckpointError(PackError):
    """A checkpoint belongs to another plan, or its settings are out of range."""
