"""The command ``python -m gofau.data``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gofau.data.errors import DataError
from gofau.data.fetch import fetch
from gofau.data.sources import data_root, sources


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m gofau.data", description="Fetch the data sets that problems train on."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("fetch", help="download a data set once, check and unpack it")
    command.add_argument("name", choices=list(sources.entries), help="which data set")
    command.add_argument(
        "--root",
        type=Path,
        default=None,
        help="folder for data; by default $GOFAU_DATA, else ~/.cache/gofau/data",
    )
    given = parser.parse_args(arguments)
    root = data_root() if given.root is None else given.root.expanduser()
    try:
        fetch(given.name, root, lambda line: _say(f"{line}\n"))
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
