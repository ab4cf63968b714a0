"""The whole of it on one machine: a service on SQLite and a Ray cluster, with one end."""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from uuid import uuid4

from gofau_service.cli.local import processes, ray_head, server, state
from gofau_service.cli.local.errors import LocalError
from gofau_service.cli.local.keeper import Keeper, Part
from gofau_service.cli.local.ports import check_host, free_port, is_free
from gofau_service.settings import is_loopback

RAY_GRACE_S = 1.5
"""Asked to end, Ray drains its node for half a minute; nothing here is worth that."""


@dataclass(frozen=True)
class StackOptions:
    """How to run: where data lives, where to listen (port 0: any free one), how many cores."""

    data_dir: Path = Path(".gofau")
    host: str = "127.0.0.1"
    port: int = 8080
    cpus: int = os.cpu_count() or 1


@dataclass(frozen=True)
class Stack:
    """A running stack, whose processes are started again when they end by themselves."""

    state: state.StackState
    keeper: Keeper

    @property
    def failure(self) -> str | None:
        """What cannot be kept running, with the end of its log; ``None`` while all goes well."""
        return self.keeper.failure


@contextmanager
def local_stack(options: StackOptions) -> Iterator[Stack]:
    """Start a service and a Ray cluster, keep them running, and end all that they started.

    Raises:
        LocalError: one already runs in this data folder; the folder, host or port cannot be used;
            or a start fails.
    """
    state.prepare(options.data_dir)
    with state.lock(options.data_dir), _terminable():
        clear_leftovers(options.data_dir)
        planned = _plan(options)
        service: Part | None = None
        try:
            state.write_state(options.data_dir, planned)
            ray = Part("Ray", lambda: ray_head.start_ray(planned, options.cpus, options.data_dir))
            service = Part("the service", lambda: _serve(options, planned))
            server.wait_for_server(planned.url, service.process)
            ray_head.wait_for_ray(planned, ray.process)
            ready = planned.model_copy(update={"ready": True})
            state.write_state(options.data_dir, ready)
            with Keeper([ray, service]) as keeper:
                yield Stack(ready, keeper)
        finally:
            with _uninterruptible():
                if service is not None:
                    service.process.end(server.GRACE_S)
                _clear(options.data_dir, planned)


def _serve(options: StackOptions, planned: state.StackState) -> processes.Started:
    return server.start_server(planned.mark, _settings(options, planned), options.data_dir)


def clear_leftovers(data_dir: Path) -> int:
    """End what a killed stack of this folder left behind; returns the number of processes."""
    left = state.read_state(data_dir)
    return _clear(data_dir, left) if left is not None else 0


def _clear(data_dir: Path, planned: state.StackState) -> int:
    count = processes.sweep(planned.mark, RAY_GRACE_S)
    shutil.rmtree(planned.ray_folder, ignore_errors=True)
    state.remove_state(data_dir)
    return count


def _plan(options: StackOptions) -> state.StackState:
    check_host(options.host)
    if options.port and not is_free(options.port, options.host):
        raise LocalError(
            f"port: got {options.port}, which another program uses, "
            "expected a free one; choose one with --port (0: any)"
        )
    port = options.port or free_port(host=options.host)
    name = "127.0.0.1" if options.host in ("0.0.0.0", "::") else options.host
    token = os.environ.get("GOFAU_ADMIN_TOKEN") or secrets.token_urlsafe(32)
    return state.StackState(
        mark=uuid4().hex,
        pid=os.getpid(),
        url=f"http://{f'[{name}]' if ':' in name else name}:{port}",
        # Any port: one that everybody prefers is taken by the stack that starts at the same time.
        ray_url=f"http://127.0.0.1:{free_port()}",
        token=None if is_loopback(options.host) else token,
        ray_token=secrets.token_hex(32),
        # The path of a Unix socket is limited to about 100 characters, so not in the data folder.
        ray_folder=Path(tempfile.mkdtemp(prefix="gofau-ray-")),
    )


def _settings(options: StackOptions, planned: state.StackState) -> dict[str, str]:
    settings = {
        "GOFAU_DATA_DIR": str(options.data_dir.absolute()),
        "GOFAU_HOST": options.host,
        "GOFAU_PORT": planned.url.rpartition(":")[2],
        "GOFAU_RAY_ADDRESS": planned.ray_url,
        "GOFAU_RAY_TOKEN": planned.ray_token,
    }
    return settings if planned.token is None else {**settings, "GOFAU_ADMIN_TOKEN": planned.token}


@contextmanager
def _terminable() -> Iterator[None]:
    """Have a polite kill and a closed terminal end the stack as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handling(interrupt, signal.SIGTERM, signal.SIGHUP):
        yield


@contextmanager
def _uninterruptible() -> Iterator[None]:
    """Finish a clean-up of a few seconds whatever signals come."""
    with _handling(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        yield


@contextmanager
def _handling(handler: "signal._HANDLER", *numbers: signal.Signals) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
