"""What goes wrong with data sets; `gofau.errors` draws the whole tree."""

from pathlib import Path
from shlex import quote

from gofau.errors import GofauError, IncurableError


class DataError(GofauError):
    """The root of what goes wrong with data sets."""


class MissingDataError(DataError, IncurableError, FileNotFoundError):
    """A data set that was never fetched into this folder."""

    def __init__(self, name: str, root: Path) -> None:
        super().__init__(
            f"data set {name!r}: got no copy in {root}, expected one before training starts; "
            f"fetch it with: {fetch_command(name, root)}"
        )


class CorruptDataError(DataError, IncurableError):
    """Files on disk that are not the published ones."""

    def __init__(self, path: Path, got: str, expected: str, remedy: str) -> None:
        super().__init__(f"{path}: got {got}, expected {expected}; {remedy}")


class FetchError(DataError):
    """A download that did not complete."""


class FolderError(DataError):
    """A folder for data that cannot be used."""

    def __init__(self, root: Path, error: OSError) -> None:
        super().__init__(
            f"{root}: got {error.strerror or error} at {error.filename or root}, expected a folder "
            "that may be written to, with room; give another with --root or GOFAU_DATA"
        )


def fetch_command(name: str, root: Path) -> str:
    """The shell command that fetches the data set into ``root``."""
    return f"python -m gofau.data fetch {name} --root {quote(str(root))}"
