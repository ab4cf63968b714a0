"""A private Ray cluster of one node, with its dashboard and its own token."""

import shutil
import sys
import time
from pathlib import Path

import httpx

from gofau_service.cli.local import processes
from gofau_service.cli.local.errors import LocalError
from gofau_service.cli.local.ports import free_port
from gofau_service.cli.local.state import StackState

OBJECT_STORE_BYTES = 200_000_000
START_TIMEOUT_S = 120.0


def start_ray(planned: StackState, cpus: int, logs: Path) -> processes.Started:
    """Start a Ray head node in the place of an earlier one; it is not ready before `wait_for_ray`.

    Ports are chosen free and nothing is shared with other clusters on this machine. What a killed
    head left behind is ended first: its workers would train for nobody.

    Raises:
        LocalError: Ray is not installed.
    """
    command = _command(planned, cpus)
    mark = f"{planned.mark}-ray"
    processes.sweep(mark, 0.0)
    for session in planned.ray_folder.glob("session_*[0-9]"):
        shutil.rmtree(session, ignore_errors=True)
    return processes.start(command, mark, _environment(planned.ray_token), logs / "ray.log")


def wait_for_ray(planned: StackState, process: processes.Started) -> None:
    """Wait until the cluster takes jobs.

    Raises:
        LocalError: Ray ended, or its dashboard does not answer in time; with the end of its log.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    headers = {"Authorization": f"Bearer {planned.ray_token}"}
    while time.monotonic() < deadline:
        if not process.running:
            raise LocalError(f"Ray ended while starting; {process.log} ends:\n{process.tail()}")
        try:
            answer = httpx.get(f"{planned.ray_url}/api/jobs/", headers=headers, timeout=5.0)
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if lists_jobs(answer):
            return
        time.sleep(0.1)
    raise LocalError(
        f"Ray: got no dashboard at {planned.ray_url} in {START_TIMEOUT_S:g} s; "
        f"{process.log} ends:\n{process.tail()}"
    )


def lists_jobs(answer: httpx.Response) -> bool:
    """Whether it is the answer of Ray, and not of another program on that port."""
    try:
        return answer.is_success and isinstance(answer.json(), list)
    except ValueError:
        return False


def _environment(token: str) -> dict[str, str]:
    """What keeps the cluster to itself.

    ``RAY_ADDRESS`` of the surrounding shell would join another cluster instead of starting ours.
    Ray replaces a loopback ``--node-ip-address`` by the machine's own address, and then listens
    on every interface, unless clusters of several machines are off.
    """
    return {
        "RAY_ADDRESS": "",
        "RAY_AUTH_MODE": "token",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_TOKEN": token,
        "RAY_USAGE_STATS_ENABLED": "0",
    }


def _command(planned: StackState, cpus: int) -> list[str]:
    ray = Path(sys.executable).with_name("ray")
    if not ray.exists():
        raise LocalError(
            f"ray: got no {ray}, expected Ray beside this Python; pip install 'gofau[all]'"
        )
    return [
        str(ray),
        "start",
        "--head",
        "--block",
        "--port=0",
        "--node-ip-address=127.0.0.1",
        "--dashboard-host=127.0.0.1",
        f"--dashboard-port={planned.ray_url.rpartition(':')[2]}",
        "--dashboard-agent-listen-port=0",
        f"--ray-client-server-port={free_port()}",
        "--min-worker-port=0",
        "--max-worker-port=0",
        "--include-dashboard=true",
        "--disable-usage-stats",
        f"--num-cpus={cpus}",
        f"--object-store-memory={OBJECT_STORE_BYTES}",
        f"--temp-dir={planned.ray_folder}",
        "--log-color=false",
    ]
