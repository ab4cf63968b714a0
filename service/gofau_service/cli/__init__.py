"""The ``gofau`` command."""

import sys

INTERRUPTED = 130
"""What `gofau_service.cli.exits` calls so, without loading it."""


def main() -> None:
    """Entry point: run the command line and exit with a documented code."""
    try:
        # Imported here so that `import gofau_service.cli` costs nothing.
        from gofau_service.cli.entry import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are loaded
        code = INTERRUPTED
    sys.exit(code)
