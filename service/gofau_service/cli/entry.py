"""The one place where errors become messages and exit codes."""

import os
import traceback
from collections.abc import Sequence

from gofau.errors import GofauError
from gofau_service.cli.app import app
from gofau_service.cli.console import print_error
from gofau_service.cli.errors import CliError
from gofau_service.cli.exits import Exit
from gofau_service.cli.local.errors import LocalError
from gofau_service.client.errors import (
    ClientError,
    Fault,
    NotAllowedError,
    RefusedError,
    ServiceFailedError,
    UnreachableError,
)
from gofau_service.errors import ServiceError
from gofau_studies.errors import SpecError, StudiesError


def run(arguments: Sequence[str]) -> int:
    """Run the command line; no traceback leaves without ``--debug``."""
    debug = "--debug" in arguments or os.environ.get("GOFAU_DEBUG") == "1"
    try:
        app([a for a in arguments if a != "--debug"], prog_name="gofau")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(Exit.OK)
    except Exception as error:  # noqa: BLE001 # the top: everything ends as a message
        if debug:
            traceback.print_exception(error)
        print_error(_message(error), _faults(error), "--json" in arguments)
        return exit_code(error)
    return Exit.OK


def exit_code(error: Exception) -> Exit:
    """The exit code that an error stands for."""
    if isinstance(error, CliError):
        return error.code
    if isinstance(error, LocalError):
        return Exit.NOT_STARTED
    if isinstance(error, NotAllowedError):
        return Exit.NOT_ALLOWED
    if isinstance(error, UnreachableError | ServiceFailedError):
        return Exit.UNREACHABLE
    if isinstance(error, ClientError | StudiesError | GofauError | ServiceError | OSError):
        return Exit.BAD_INPUT
    return Exit.BUG


def _message(error: Exception) -> str:
    if isinstance(error, NotAllowedError):
        return f"{error}; give a token with --token or GOFAU_API_TOKEN"
    if exit_code(error) is not Exit.BUG:
        return "\n".join(map(str, error.errors)) if isinstance(error, SpecError) else str(error)
    return f"{type(error).__name__}: {error} (a fault of gofau; --debug shows where)"


def _faults(error: Exception) -> list[Fault]:
    if isinstance(error, RefusedError):
        return list(error.faults)
    if isinstance(error, SpecError):
        return [Fault(e.path, e.got, e.expected) for e in error.errors]
    return []
