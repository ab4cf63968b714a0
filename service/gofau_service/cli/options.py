"""Options and arguments that commands share."""

from pathlib import Path
from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="GOFAU_URL",
        help="Address of the service. Default: the one that runs in this folder.",
        show_default=False,
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="GOFAU_API_TOKEN",
        help="API token, where the service demands one.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir", envvar="GOFAU_DATA_DIR", help="Folder of the database and of the logs."
    ),
]
StudyId = Annotated[
    str, typer.Argument(metavar="STUDY", help="A study's id, as 'gofau list' shows it.")
]
SpecFile = Annotated[
    Path,
    typer.Argument(metavar="SPEC", help="Study spec, a YAML or JSON file; - reads standard input."),
]
OptionalSpec = Annotated[
    Path | None,
    typer.Argument(metavar="SPEC", help="A spec file whose axes and seeds the study shall have."),
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Train every trial, also those whose result is known already."),
]
Cpus = Annotated[
    int | None,
    typer.Option("--cpus", min=1, help="Cores for training. Default: all.", show_default=False),
]
Html = Annotated[Path | None, typer.Option("--html", help="Write the report page to this file.")]

DATA_DIR = Path(".gofau")
