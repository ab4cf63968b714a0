"""Errors of the command line itself."""

from gofau_service.cli.exits import Exit


class CliError(Exception):
    """A message for the user and the code to exit with."""

    def __init__(self, message: str, code: Exit = Exit.BAD_INPUT) -> None:
        super().__init__(message)
        self.code = code
