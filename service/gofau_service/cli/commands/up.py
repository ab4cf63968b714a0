"""``gofau up`` and ``gofau down``: a service and a Ray cluster on this machine."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from gofau_service.cli import options
from gofau_service.cli.command import Panel, command
from gofau_service.cli.console import err, out, print_json
from gofau_service.cli.local import state
from gofau_service.cli.local.errors import LocalError
from gofau_service.cli.local.stack import Stack, StackOptions, clear_leftovers, local_stack

DETACH_TIMEOUT_S = 180.0
LOOK_EVERY_S = 0.5
STARTING = "starting the service and Ray ..."


@command(Panel.SERVE)
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 8080,
    data_dir: options.DataDir = options.DATA_DIR,
    cpus: options.Cpus = None,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run in the background; 'gofau down' ends it.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Start the service and a local Ray cluster; Ctrl-C ends both.

    Studies are kept in the data folder: those that were running go on.

    [bold]Examples[/bold]

    gofau up

    gofau up --detach --port 9000
    """
    wanted = StackOptions(data_dir, host, port, cpus or os.cpu_count() or 1)
    if detach:
        announce(_detached(wanted), data_dir, as_json)
        return
    err().print(STARTING)
    with local_stack(wanted) as stack:
        _serve(stack, data_dir, as_json)
    err().print("ended")


@command(Panel.SERVE)
def down(data_dir: options.DataDir = options.DATA_DIR, as_json: options.Json = False) -> None:
    """End the service and the Ray cluster that run in this folder, or what is left of them.

    [bold]Example[/bold]

    gofau down
    """
    found = state.read_state(data_dir)
    if found is not None and state.is_locked(data_dir):
        _end(data_dir, found)
    count = clear_leftovers(data_dir) if data_dir.exists() else 0
    message = "ended" if found is not None else "nothing runs here"
    if as_json:
        print_json({"ended": found is not None, "leftovers": count})
    else:
        out().print(message)


def announce(running: state.StackState, data_dir: Path, as_json: bool) -> None:
    """Print where everything is."""
    if as_json:
        print_json(addresses(running))
        return
    for name, value in addresses(running).items():
        out().print(f"{name.replace('_', ' '):<15}{value}", markup=False)
    hint = f"Ray's dashboard asks for a token: the ray_token in {state.state_file(data_dir)}"
    out().print(Text(hint, style="dim"), soft_wrap=True)
    if running.token is not None:
        hint = f"callers from elsewhere need the token in {state.state_file(data_dir)}"
        out().print(Text(hint, style="dim"), soft_wrap=True)


def addresses(running: state.StackState) -> dict[str, str]:
    """The addresses that people open."""
    return {
        "service": running.url,
        "API docs": f"{running.url}/docs",
        "Ray dashboard": running.ray_url,
    }


def _serve(stack: Stack, data_dir: Path, as_json: bool) -> None:
    try:
        announce(stack.state, data_dir, as_json)
        err().print("Ctrl-C ends all of it")
        while (failure := stack.failure) is None:
            time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        err().print("\nending the service and Ray ...")
    else:
        raise LocalError(failure)


def _detached(wanted: StackOptions) -> state.StackState:
    state.prepare(wanted.data_dir)
    if state.is_locked(wanted.data_dir):
        raise LocalError(state.taken(wanted.data_dir))
    command = [sys.executable, "-m", "gofau_service.cli", "up", "--host", wanted.host]
    command += ["--port", str(wanted.port), "--data-dir", str(wanted.data_dir.absolute())]
    command += ["--cpus", str(wanted.cpus)]
    log = wanted.data_dir / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    return _ready(wanted.data_dir, process, log)


def _ready(data_dir: Path, process: "subprocess.Popen[bytes]", log: Path) -> state.StackState:
    deadline = time.monotonic() + DETACH_TIMEOUT_S
    while time.monotonic() < deadline:
        found = state.read_state(data_dir)
        if found is not None and found.pid == process.pid and found.ready:
            return found
        if process.poll() is not None:
            said = log.read_text(errors="replace").strip()
            raise LocalError(said.removeprefix(STARTING).strip().removeprefix("error: "))
        time.sleep(0.1)
    process.terminate()
    raise LocalError(f"got no service in {DETACH_TIMEOUT_S:g} s, see {log}")


def _end(data_dir: Path, found: state.StackState) -> None:
    import psutil

    try:
        process = psutil.Process(found.pid)
        process.terminate()
        process.wait(30)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired as error:
        raise LocalError(
            f"pid {found.pid}: still running after 30 s, see {data_dir}/up.log"
        ) from error
