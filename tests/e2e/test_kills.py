"""Training processes killed outright: the account stays exact and the results stay the same."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.folder import Folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SPEC = """
name: kills
problem: {name: digits-mlp, width: 32, depth: 1}
epochs: 40
directions: [sgd]
rules: [additive, {name: hybrid, gamma: 0.5}]
axes:
  lr: {log: [1.0e-3, 1.0e-1], points: 5}
  init_scale: {values: [0.5, 1.0]}
seeds: 6
"""
TRIALS = 2 * 5 * 2 * 6


def is_driver(arguments: str) -> bool:
    return "workers.driver" in arguments and not arguments.startswith("/bin/sh")


def is_pack(arguments: str) -> bool:
    return arguments.startswith("ray::") and "Trainable" in arguments


def arguments(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def kill_one(folder: Folder, chosen: Callable[[str], bool]) -> int:
    """SIGKILL the first process of the folder that fits, once there is one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for pid in folder.left:
            if chosen(arguments(pid)):
                os.kill(pid, signal.SIGKILL)
                return pid
        time.sleep(0.2)
    raise AssertionError("no such process appeared")


def values(folder: Folder, study: str) -> dict[tuple[str, float, float, int], Any]:
    rows = folder.json("trials", study, "--limit", str(TRIALS))
    assert len(rows) == TRIALS
    return {
        (r["rule"], r["point"]["lr"], r["point"]["init_scale"], r["seed"]): r["value"] for r in rows
    }


def test_killed_packs_and_drivers_lose_and_double_nothing(folder: Folder) -> None:
    (folder.path / "study.yaml").write_text(SPEC)
    folder.environment |= {"GOFAU_LEASE_TTL_S": "6", "GOFAU_CACHE_DIR": str(folder.path / "cache")}
    folder.gofau("up", "--detach", "--port", "0")
    study = folder.json("submit", "study.yaml")["id"]
    kill_one(folder, is_pack)
    time.sleep(8)
    kill_one(folder, is_driver)
    ended = folder.json("watch", study)["study"]
    assert ended["counts"] == {
        "waiting": 0, "running": 0, "completed": TRIALS, "failed": 0, "cancelled": 0,
    }  # fmt: skip
    undisturbed = folder.json("submit", "study.yaml", "--fresh", "--watch")["study"]
    assert undisturbed["reused"] == 0
    disturbed_values, calm = values(folder, study), values(folder, undisturbed["id"])
    assert disturbed_values.keys() == calm.keys()
    # These rates are stable, so that the order of sums in another pack moves only last digits.
    assert all(disturbed_values[k] == pytest.approx(calm[k], rel=1e-3) for k in calm)
    folder.gofau("down")
    assert folder.left == []
