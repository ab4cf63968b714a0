"""Commands of the library, run as processes of their own since this one never loads torch."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from gofau_service.cli.command import Panel, command, group
from gofau_service.cli.errors import CliError
from gofau_service.cli.options import Json


@command(Panel.LIBRARY)
def reproduce(
    what: Annotated[str, typer.Argument(metavar="RESULT", help="What to run again: toys.")],
    json: Json = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for toys.json, report.md and figures.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="3 repetitions and a short search.")
    ] = False,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Also change the open choices one by one.")
    ] = False,
) -> None:
    """Run a published result again, from a checkout, and print it beside ours, row by row.

    [bold]Examples[/bold]

    gofau reproduce toys

    gofau reproduce toys --quick --json
    """
    if find_spec("reproduce") is None and not Path("reproduce", "__main__.py").is_file():
        raise CliError(
            f"reproduce: got {Path.cwd()}, expected a checkout of gofau; the program that runs "
            "published results again is not installed with it"
        )
    flags = {"--json": json, "--quick": quick, "--sensitivity": sensitivity}
    folder = [] if out is None else ["--out", str(out)]
    _run("reproduce", [what, *(name for name, on in flags.items() if on), *folder])


data = group(Panel.LIBRARY, "data", help="Data sets that problems train on.")


@data.command()
def fetch(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="cifar10, cifar100 or tiny-imagenet.")
    ],
    root: Annotated[
        Path | None,
        typer.Option("--root", help="Folder for data. Default: GOFAU_DATA or ~/.cache/gofau/data."),
    ] = None,
) -> None:
    """Download a data set once, check it against its checksum and unpack it.

    [bold]Example[/bold]

    gofau data fetch cifar10 --root /shared/data
    """
    _run("gofau.data", ["fetch", name, *([] if root is None else ["--root", str(root)])])


def _run(module: str, arguments: list[str]) -> None:
    code = subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode
    raise typer.Exit(code)
