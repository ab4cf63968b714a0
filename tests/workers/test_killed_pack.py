"""A pack whose process is killed: its trials go on in packs of another cut."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workers.killed_pack import train


def killed_after(epochs: int, cache: Path, first: int, last: int) -> None:
    """Train in a process of its own and kill that after so many epochs."""
    command = [sys.executable, "-m", "tests.workers.killed_pack", str(cache), str(first), str(last)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(epochs):
            assert process.stdout.readline() == "epoch\n"
            process.stdin.write("\n")
            process.stdin.flush()
        assert process.stdout.readline() == "epoch\n"
        process.kill()
        assert process.wait() == -9


def test_trials_of_a_killed_process_go_on_in_other_packs(tmp_path: Path) -> None:
    cache, fresh = tmp_path / "killed", tmp_path / "fresh"
    killed_after(5, cache, 0, 4)
    assert len(list((cache / "checkpoints" / "s1").glob("*.pt"))) == 1
    epochs: list[int] = []
    first = train(cache, 0, 2, lambda: epochs.append(0))
    second = train(cache, 2, 6, lambda: epochs.append(0))
    # Saved after epoch 4: of the second pack, two trials go on from there and two begin.
    assert epochs.count(0) == 4 + 8
    expected = {o.key: o for o in train(fresh, 0, 6, lambda: None, every=0)}
    for outcome in (*first, *second):
        assert outcome.outcome == expected[outcome.key].outcome
        for name, curve in outcome.curves.items():
            assert curve == pytest.approx(expected[outcome.key].curves[name], rel=1e-6)
