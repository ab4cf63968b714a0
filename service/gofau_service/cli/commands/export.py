"""``gofau export``: trials as tables, and as what other tools read."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.connect import connect
from gofau_service.cli.console import out
from gofau_service.cli.errors import CliError
from gofau_service.cli.files import ready
from gofau_service.client import Client
from gofau_studies.protocol.trials import Outcome, TrialState

Filters = Mapping[str, str | int]


class Format(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    CURVES = "curves"
    OPTUNA = "optuna"
    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"


PLACES = {Format.OPTUNA: "file", Format.TENSORBOARD: "folder", Format.MLFLOW: "folder"}
"""Formats that are not streams, and what they write."""


@command(Panel.LOOK)
def export(
    study: options.StudyId,
    kind: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.CSV,
    to: Annotated[
        Path | None,
        typer.Option(
            "--out", help="File or folder to write. Default: standard output.", show_default=False
        ),
    ] = None,
    state: Annotated[TrialState | None, typer.Option(help="Only trials in this state.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only trials that ended so.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only trials of this rule.")] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="At most so many. Default: all.", show_default=False),
    ] = None,
    url: options.Url = None,
    token: options.Token = None,
) -> None:
    """Write the trials of a study, one row or run a trial.

    [bold]Examples[/bold]

    gofau export 219c87afc8c93016 > trials.csv

    gofau export 219c87afc8c93016 --format parquet --out trials.parquet

    gofau export 219c87afc8c93016 --format tensorboard --rule hybrid --out runs
    """
    if kind in PLACES and to is None:
        place = PLACES[kind]
        raise CliError(f"export: got no {place}, expected one for {kind}; give it with --out")
    if kind is Format.PARQUET and to is None and sys.stdout.isatty():
        raise CliError("export: got a terminal, expected a file for parquet; give one with --out")
    if PLACES.get(kind) != "folder":
        ready("--out", to)
    given = {"state": state, "outcome": outcome, "rule": rule, "limit": limit}
    filters: Filters = {name: value for name, value in given.items() if value is not None}
    with connect(url, token) as client:
        if to is None:
            sys.stdout.buffer.writelines(client.export(study, kind, **filters))
            sys.stdout.buffer.flush()
        elif kind is Format.OPTUNA:
            _to_optuna(client, study, to, filters)
        elif kind in PLACES:
            _to_tracker(client, study, kind, to, filters)
        else:
            _write(to, client.export(study, kind, **filters))


def _to_optuna(client: Client, study: str, to: Path, filters: Filters) -> None:
    with _installed(Format.OPTUNA):
        names = client.study(study).to_optuna(f"sqlite:///{to.absolute()}", **filters)
    if not names:
        raise CliError(
            f"export: got no trial that {_options(filters)} leaves, expected one or more; "
            "give other filters"
        )
    for name in names:
        out().print(f"wrote {name} to {to}", markup=False, soft_wrap=True)


def _to_tracker(client: Client, study: str, kind: Format, to: Path, filters: Filters) -> None:
    from gofau_studies.export.runs import Runs

    results = client.study(study)
    detail, spec = results.detail(), results.spec()
    runs = Runs(client.export(study, Format.CURVES, **filters), spec.axes)
    with _installed(kind):
        if kind is Format.TENSORBOARD:
            from gofau_studies.export import tensorboard_logs

            tensorboard_logs.write(runs, spec, to)
        else:
            from gofau_studies.export import mlflow_store

            mlflow_store.write(runs, f"{detail.name} {study}", to, spec.goal)
    out().print(_account(runs.written, runs.left_out, to, filters), markup=False, soft_wrap=True)


@contextmanager
def _installed(kind: Format) -> Iterator[None]:
    """Name the extra with what a format needs, where that is missing.

    Raises:
        CliError: a package is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise CliError(
            f"export: got {error}, expected what {kind} needs; "
            "install it with pip install 'gofau[trackers]'"
        ) from error


def _account(written: int, left_out: int, to: Path, filters: Filters) -> str:
    said = f"wrote {written} runs to {to}"
    if left_out:
        said += f"; left out {left_out} trials that neither completed nor failed"
    if filters:
        said += f" (of the trials that {_options(filters)} leaves)"
    return said


def _options(filters: Filters) -> str:
    return " ".join(f"--{name} {value}" for name, value in filters.items())


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.writelines(chunks)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
