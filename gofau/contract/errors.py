"""How a broken law is reported."""

from gofau.errors import GofauError


class ContractError(GofauError, AssertionError):
    """A law that does not hold, with what was got instead."""


def require(holds: bool, subject: str, law: str, got: object) -> None:
    """Raise `ContractError` unless ``holds``.

    Args:
        holds: whether the law holds.
        subject: what it was tried on.
        law: what must be true, as the end of "expected ...".
        got: what was found instead.
    """
    if not holds:
        raise ContractError(f"{subject}: got {got}, expected {law}")
