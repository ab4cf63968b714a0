"""``gofau submit``, ``validate`` and ``watch``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.connect import RESTART, connect
from gofau_service.cli.console import err, out, print_json
from gofau_service.cli.errors import CliError
from gofau_service.cli.files import ready
from gofau_service.cli.outcome import conclude, exit_for
from gofau_service.cli.progress import duration, follow
from gofau_service.cli.spec_source import read_spec
from gofau_service.cli.twins import twins
from gofau_service.client import Client, Study
from gofau_studies.spec.parsing import parse_yaml

Watch = Annotated[
    bool, typer.Option("--watch", "-w", help="Follow the study, then print its table and report.")
]

SAME_DATA = ", if the workers find the same data"
"""What is added to a number of results that are there already."""


@command(Panel.RUN)
def submit(
    spec: options.SpecFile,
    watch: Watch = False,
    fresh: options.Fresh = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="With --watch: the report page's file. Default: report.html."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="Idempotency key: the same key gives the same study.", show_default=False
        ),
    ] = None,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Submit a study to a running service; each time a new one, unless --key says otherwise.

    With --watch, the command ends when the study does: with code 1 if it failed or was cancelled.
    Ctrl-C only stops watching; the study goes on.

    [bold]Examples[/bold]

    gofau submit study.yaml --watch

    gofau submit study.yaml --json | jq -r .id
    """
    text = read_spec(spec)
    page = (html or Path("report.html")) if watch else None
    if html is not None and page is None:
        raise CliError(f"--html: got {html}, expected --watch beside it, to wait for the report")
    ready("--html", page)
    with connect(url, token) as client:
        before = {twin.id for twin in twins(client, text, open_=True)}
        study = client.submit(text, key=key, fresh=fresh)
        if before - {study.id} and study.id not in before:
            err().print(_told(sorted(before)), markup=False, soft_wrap=True)
        if watch:
            raise exit_for(conclude(client, watched(client, study), page, as_json))
    if as_json:
        print_json(study)
    else:
        out().print(f"{study.id}: {study.trials} trials {study.state}")
        out().print(f"follow it with: gofau watch {study.id}")


@command(Panel.RUN)
def watch(
    study: options.StudyId,
    html: options.Html = Path("report.html"),
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Follow a study that was submitted before, then print its table and write its report.

    [bold]Example[/bold]

    gofau watch 219c87afc8c93016
    """
    ready("--html", html)
    with connect(url, token, RESTART) as client:
        raise exit_for(conclude(client, watched(client, client.get(study)), html, as_json))


@command(Panel.RUN)
def validate(
    spec: options.SpecFile,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check the spec only; ask no service.")
    ] = False,
    url: options.Url = None,
    token: options.Token = None,
    as_json: options.Json = False,
) -> None:
    """Check a spec and say what it would run; nothing is stored.

    [bold]Examples[/bold]

    gofau validate study.yaml

    gofau validate study.yaml --offline --json
    """
    text = read_spec(spec)
    if offline:
        parsed = parse_yaml(text)
        counts = {"name": parsed.name, "trials": parsed.trial_count, "cells": parsed.cell_count}
        _print_plan({**counts, "spec_hash": parsed.hash}, as_json)
        return
    with connect(url, token) as client:
        plan = client.validate(text)
    _print_plan(plan.model_dump(), as_json)


def watched(client: Client, study: Study) -> Study:
    """Follow a study in the terminal to its end."""
    try:
        return follow(client.watch(study.id), err())
    except KeyboardInterrupt:
        err().print(f"\nthe study goes on: gofau watch {study.id}, or gofau cancel {study.id}")
        raise


def _told(open_: list[str]) -> str:
    first, *more = open_
    others = f" (and {len(more)} more)" if more else ""
    return (
        f"note: study {first}{others} of the same spec is open already; "
        f"follow it with 'gofau watch {first}', or drop one of them with 'gofau cancel'"
    )


def _print_plan(plan: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        print_json(plan)
        return
    for name, value in plan.items():
        if isinstance(value, int | str):
            note = SAME_DATA if name == "reusable" and value else ""
            upto = "up to " if note else ""
            out().print(f"{name.replace('_', ' '):<12}{upto}{value}{note}", markup=False)
    seconds = plan.get("seconds")
    if isinstance(seconds, float):
        out().print(f"{'time':<12}about {duration(seconds)} on one core")
