"""``gofau run`` and ``gofau demo``: a study from start to end, with nothing left behind."""

import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.commands.up import STARTING, announce
from gofau_service.cli.console import err
from gofau_service.cli.files import ready
from gofau_service.cli.local.errors import LocalError
from gofau_service.cli.local.ports import free_port
from gofau_service.cli.local.stack import Stack, StackOptions, local_stack
from gofau_service.cli.outcome import conclude, exit_for
from gofau_service.cli.progress import follow
from gofau_service.cli.spec_source import read_spec
from gofau_service.cli.twins import said_of_ended, taken_up
from gofau_service.client import Backoff, Client, Study

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: 8080 if free, else any.")]
PATIENCE = Backoff(tries=5)


@command(Panel.RUN)
def run(
    spec: options.SpecFile,
    fresh: options.Fresh = False,
    html: options.Html = Path("report.html"),
    port: Port = 0,
    data_dir: options.DataDir = options.DATA_DIR,
    cpus: options.Cpus = None,
    as_json: options.Json = False,
) -> None:
    """Run a study by itself: start the service and Ray, train, write the report, end all.

    The study stays in the data folder; 'gofau up' serves it again. After Ctrl-C it goes on there,
    or with the same command again, which takes up the open study of the same spec.

    [bold]Example[/bold]

    gofau run study.yaml --html report.html
    """
    _run(read_spec(spec), fresh, html, StackOptions(data_dir, port=port, cpus=_all(cpus)), as_json)


@command(Panel.RUN)
def demo(
    html: options.Html = Path("report.html"),
    port: Port = 0,
    data_dir: options.DataDir = options.DATA_DIR,
    cpus: options.Cpus = None,
    as_json: options.Json = False,
) -> None:
    """Run the study that ships with Gofau: three rules on scikit-learn's digits, 945 trials.

    [bold]Example[/bold]

    gofau demo
    """
    text = files("gofau_studies").joinpath("catalog/digits-mlp.yaml").read_text(encoding="utf-8")
    _run(text, True, html, StackOptions(data_dir, port=port, cpus=_all(cpus)), as_json)


def _run(text: str, fresh: bool, html: Path | None, wanted: StackOptions, as_json: bool) -> None:
    ready("--html", html)
    err().print(STARTING)
    folder = "" if wanted.data_dir == options.DATA_DIR else f" --data-dir {wanted.data_dir}"
    again, port = f"gofau up{folder}", wanted.port or free_port(8080)
    with local_stack(StackOptions(wanted.data_dir, wanted.host, port, wanted.cpus)) as stack:
        if not as_json:
            announce(stack.state, wanted.data_dir, False)
        with Client(stack.state.url, stack.state.token) as client:
            study = _begun(client, text, fresh)
            followed = _followed(client, study, stack, again)
            ended = conclude(client, followed, html, as_json, stays=False)
    err().print(f"ended; serve the study again with: {again}", markup=False)
    raise exit_for(ended)


def _begun(client: Client, text: str, fresh: bool) -> Study:
    """The open study of that spec, as after Ctrl-C, or a new one."""
    found = taken_up(client, text, fresh)
    if found is not None:
        done = f"{found.counts.ended} of {found.trials} trials have ended"
        _say(f"study {found.id} of this spec is open and goes on: {done}")
        return found
    known = None if fresh else said_of_ended(client, text)
    if known is not None:
        _say(known)
    study = client.submit(text, fresh=fresh)
    _say(f"submitted {study.id}: {study.trials} trials")
    return study


def _followed(client: Client, study: Study, stack: Stack, again: str) -> Study:
    try:
        return follow(_while_up(client.watch(study.id, PATIENCE), stack), err())
    except KeyboardInterrupt:
        _say(
            f"\nending; study {study.id} goes on with '{again}', or with this command again; "
            f"to drop it: '{again}', then 'gofau cancel {study.id}'"
        )
        raise


def _say(sentence: str) -> None:
    err().print(sentence, markup=False, soft_wrap=True)


def _while_up(updates: Iterator[Study], stack: Stack) -> Iterator[Study]:
    for update in updates:
        if stack.failure is not None:
            raise LocalError(stack.failure)
        yield update


def _all(cpus: int | None) -> int:
    return cpus or os.cpu_count() or 1
