"""The ``gofau`` command."""

import sys


def main() -> None:
    """Entry point: run the command line and exit with a documented code."""
    # Imported here so that `import service.cli` costs nothing.
    from service.cli.entry import run

    sys.exit(run(sys.argv[1:]))
