"""A private Ray cluster of one node, with its dashboard and its own token."""

import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from service.cli.local import processes
from service.cli.local.errors import LocalError
from service.cli.local.ports import free_port

DASHBOARD_PORT = 8265
OBJECT_STORE_BYTES = 200_000_000
START_TIMEOUT_S = 120.0
GRACE_S = 1.5


@dataclass(frozen=True)
class RayHead:
    """A running cluster: its dashboard's address, and the token that its API demands."""

    url: str
    token: str
    process: processes.Started


@contextmanager
def ray_head(mark: str, cpus: int, logs: Path) -> Iterator[RayHead]:
    """Start a Ray head node, and end it with all that it started.

    Its files live in a short folder under the system's temporary one, since the path of a Unix
    socket is limited to about 100 characters.

    Raises:
        LocalError: Ray is not installed, or its dashboard does not answer in time.
    """
    folder = Path(tempfile.mkdtemp(prefix="gofau-ray-"))
    token = secrets.token_hex(32)
    url = f"http://127.0.0.1:{free_port(DASHBOARD_PORT)}"
    process = processes.start(
        _command(url, folder, cpus),
        mark,
        _environment(token),
        logs / "ray.log",
    )
    try:
        _wait(url, token, process)
        yield RayHead(url, token, process)
    finally:
        # Asked nicely, Ray drains its node for half a minute; nothing here is worth that.
        processes.sweep(mark, GRACE_S)
        process.end(0.0)
        shutil.rmtree(folder, ignore_errors=True)


def _environment(token: str) -> dict[str, str]:
    # RAY_ADDRESS of the surrounding shell would join another cluster instead of starting ours.
    return {
        "RAY_ADDRESS": "",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": token,
        "RAY_USAGE_STATS_ENABLED": "0",
    }


def _command(url: str, folder: Path, cpus: int) -> list[str]:
    ray = Path(sys.executable).with_name("ray")
    if not ray.exists():
        raise LocalError(f"ray: got no {ray}, expected Ray beside this Python; install gofau[all]")
    return [
        str(ray),
        "start",
        "--head",
        "--block",
        "--port=0",
        "--node-ip-address=127.0.0.1",
        "--dashboard-host=127.0.0.1",
        f"--dashboard-port={url.rpartition(':')[2]}",
        "--dashboard-agent-listen-port=0",
        f"--ray-client-server-port={free_port()}",
        "--min-worker-port=0",
        "--max-worker-port=0",
        "--include-dashboard=true",
        "--disable-usage-stats",
        f"--num-cpus={cpus}",
        f"--object-store-memory={OBJECT_STORE_BYTES}",
        f"--temp-dir={folder}",
        "--log-color=false",
    ]


def _wait(url: str, token: str, process: processes.Started) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    headers = {"Authorization": f"Bearer {token}"}
    while time.monotonic() < deadline:
        if not process.running:
            raise LocalError(
                f"Ray ended while starting; the end of {process.log}:\n{process.tail()}"
            )
        try:
            if httpx.get(f"{url}/api/jobs/", headers=headers, timeout=5.0).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise LocalError(
        f"Ray: got no dashboard at {url} in {START_TIMEOUT_S:g} s; "
        f"{process.log} ends:\n{process.tail()}"
    )
