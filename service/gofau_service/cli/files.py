"""Files that a command is to write, made sure of before the work that fills them."""

from pathlib import Path

from gofau_service.cli.errors import CliError


def ready(option: str, path: Path | None) -> None:
    """Make the file's folder, and see that the file can be written.

    Raises:
        CliError: it cannot.
    """
    if path is None or path.is_fifo() or path.is_char_device():
        return
    there = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise CliError(
            f"{option}: got {path} ({error.strerror}), expected a file to write"
        ) from error
    if not there:
        path.unlink()
