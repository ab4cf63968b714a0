"""``gofau trials``, ``compare`` and ``export``."""

import os
import sys
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from service.cli import options
from service.cli.connect import connect
from service.cli.console import out, print_json
from service.cli.errors import CliError
from service.cli.tables import print_report, trials_table
from studies.trials import Outcome, TrialState


class Format(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    OPTUNA = "optuna"


def trials(
    study: options.StudyId,
    state: Annotated[TrialState | None, typer.Option(help="Only trials in this state.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only trials that ended so.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only trials of this rule.")] = None,
    sort: Annotated[
        str | None,
        typer.Option(help="An axis, a result or a metric; a minus in front descends."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="A condition, such as 'lr>=0.01'; of several, all hold."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """List a study's trials: setting, state, outcome, value, error.

    [bold]Examples[/bold]

    gofau trials st_3f9c --sort value --limit 10

    gofau trials st_3f9c --where 'lr>=0.1' --where 'val_accuracy>0.9'

    gofau trials st_3f9c --state failed --json | jq -r '.[].error'
    """
    given = {"state": state, "outcome": outcome, "rule": rule, "sort": sort, "where": where}
    filters = {name: value for name, value in given.items() if value}
    with connect(url, token) as client:
        pages = client.trials(study, limit=min(limit, 1000), **filters)
        found = list(islice(pages, limit))
    if as_json:
        print_json(found)
    else:
        out().print(trials_table(found))


def compare(
    studies: Annotated[
        list[str], typer.Argument(metavar="STUDIES", help="Two studies or more; ids.")
    ],
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Report over several studies with the same problems and grid; the first is the baseline.

    [bold]Example[/bold]

    gofau compare st_3f9c st_77ab
    """
    with connect(url, token) as client:
        report = client.compare(*studies)
    if as_json:
        print_json(report)
    else:
        print_report(report, out())


def export(
    study: options.StudyId,
    kind: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.CSV,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="File to write. Default: standard output.", show_default=False),
    ] = None,
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """Write all trials of a study, one row a trial: labels, axis values, seed and results.

    [bold]Examples[/bold]

    gofau export st_3f9c > trials.csv

    gofau export st_3f9c --format parquet --out trials.parquet

    gofau export st_3f9c --format optuna --out study.db
    """
    if kind is Format.OPTUNA and to is None:
        raise CliError("export: got no file, expected one for optuna; give it with --out")
    if kind is Format.PARQUET and to is None and sys.stdout.isatty():
        raise CliError("export: got a terminal, expected a file for parquet; give one with --out")
    with connect(url, token) as client:
        if kind is Format.OPTUNA and to is not None:
            for name in client.study(study).to_optuna(f"sqlite:///{to.absolute()}"):
                out().print(f"wrote {name} to {to}", markup=False)
            return
        chunks = client.export(study, kind)
        if to is None:
            sys.stdout.buffer.writelines(chunks)
            sys.stdout.buffer.flush()
        else:
            _write(to, chunks)


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.writelines(chunks)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
