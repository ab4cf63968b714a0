"""A study to disturb, ways to disturb it, and the account that must come out all the same."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
import pytest

from gofau_service.cli.local import processes
from tests.e2e.folder import PATIENCE_S, Folder

SPEC = """
name: faults
problem: {name: digits-mlp, width: 64, depth: 2}
epochs: 200
directions: [sgd]
rules: [additive, {name: hybrid, gamma: 0.5}]
axes:
  lr: {log: [1.0e-3, 1.0e-1], points: 5}
  init_scale: {values: [0.5, 1.0]}
seeds: 6
"""
TRIALS = 2 * 5 * 2 * 6
PACK = 15
CPUS = 2

Setting = tuple[str, float, float, int]
Values = dict[Setting, float]
Records = dict[Setting, dict[str, Any]]


class Undisturbed(NamedTuple):
    """What a run gives that nothing disturbs."""

    values: Values
    records: Records
    listening: list[str]


def is_driver(arguments: str) -> bool:
    return "gofau_workers.driver" in arguments and not arguments.startswith("/bin/sh")


def is_pack(arguments: str) -> bool:
    return arguments.startswith("ray::") and "Trainable" in arguments


def is_raylet(arguments: str) -> bool:
    return "/raylet/raylet " in arguments


def is_gcs(arguments: str) -> bool:
    return "/gcs/gcs_server " in arguments


def is_service(arguments: str) -> bool:
    return arguments.rstrip().endswith("-m gofau_service")


def is_cluster(arguments: str) -> bool:
    """Whether it is any process of Ray's: the head itself, its daemons, drivers and packs."""
    return not is_service(arguments) and "gofau_service.cli" not in arguments


def arguments(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def until(found: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> Any:
    """What ``found`` gives once that is not nothing."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if seen := found():
            return seen
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {seconds:g} s")


def those(folder: Folder, chosen: Callable[[str], bool]) -> list[int]:
    return [pid for pid in folder.left if chosen(arguments(pid))]


def kill(folder: Folder, chosen: Callable[[str], bool]) -> list[int]:
    """SIGKILL the processes of the folder that fit, once there is one, and see them gone."""
    pids: list[int] = until(lambda: those(folder, chosen), "a process to kill")
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not set(pids) & set(folder.left), "the end of the killed")
    return pids


def settle(folder: Folder) -> None:
    """Put the spec into a folder, and settings that are the same for every study of it."""
    (folder.path / "study.yaml").write_text(SPEC)
    folder.environment |= {
        "GOFAU_LEASE_TTL_S": "6",
        "GOFAU_PACK_SIZE": str(PACK),
        # Calibrations and kernels are made once a session; checkpoints are each study's own.
        "GOFAU_CACHE_DIR": str(folder.path.parent / "cache"),
        "OMP_NUM_THREADS": "1",
    }


@contextmanager
def running(folder: Folder, port: int = 0) -> Iterator[str]:
    """A study of which some trials are done and packs run; afterwards it has to end as it must."""
    settle(folder)
    folder.gofau("up", "--detach", "--port", str(port), "--cpus", str(CPUS))
    study = folder.json("submit", "study.yaml")["id"]
    until(lambda: completed(folder, study) and those(folder, is_pack), "results")
    assert completed(folder, study) < TRIALS, "the study is too short to be disturbed"
    yield study
    until(lambda: answers(folder), "the service")
    ended = folder.json("watch", study)["study"]
    assert ended["state"] == "completed"
    assert ended["counts"] == {
        "waiting": 0, "running": 0, "completed": TRIALS, "failed": 0, "cancelled": 0,
    }  # fmt: skip


def answers(folder: Folder) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{stack(folder)['url']}/readyz", timeout=30).is_success
    return False


def completed(folder: Folder, study: str) -> int:
    answer = httpx.get(f"{stack(folder)['url']}/v1/studies/{study}", timeout=30)
    count: int = answer.raise_for_status().json()["counts"]["completed"]
    return count


def stack(folder: Folder) -> dict[str, Any]:
    """What the folder's running stack has written down about itself."""
    found: dict[str, Any] = json.loads((folder.path / "data" / "stack.json").read_text())
    return found


def values(folder: Folder, study: str) -> Values:
    rows = folder.json("trials", study, "--limit", str(TRIALS))
    assert len(rows) == TRIALS
    return {
        (r["rule"], r["point"]["lr"], r["point"]["init_scale"], r["seed"]): r["value"] for r in rows
    }


def records(folder: Folder, study: str) -> Records:
    """Every trial's record with its curves, by where it stands in the study."""
    folder.gofau("export", study, "--format", "curves", "--out", "all.ndjson")
    rows = map(json.loads, (folder.path / "all.ndjson").read_text().splitlines())
    return {(r["rule"], r["lr"], r["init_scale"], r["seed"]): r for r in rows}


def assert_same(disturbed: Values, calm: Values) -> None:
    """The same results: at these rates the order of sums in another pack moves last digits only."""
    assert disturbed.keys() == calm.keys()
    assert len(disturbed) == TRIALS
    assert disturbed == {key: pytest.approx(calm[key], rel=1e-3) for key in disturbed}


def end(folder: Folder) -> None:
    """Take the stack down and see that nothing is left of it."""
    folder.gofau("down")
    assert folder.left == []


def listening(folder: Folder) -> list[str]:
    """The address of every socket on which a process of the stack takes connections."""
    found = []
    for process in processes.marked(stack(folder)["mark"]):
        with suppress(psutil.NoSuchProcess):
            sockets = process.net_connections("inet")
            found += [s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN]
    return found


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches it, in either family."""
    return ip_address(address.removeprefix("::ffff:")).is_loopback
