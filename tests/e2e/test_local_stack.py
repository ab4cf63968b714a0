"""The real thing: service, Ray and training as processes, driven by the command line."""

import json
import os
import signal
from contextlib import suppress

import pytest

from tests.e2e import faults
from tests.e2e.folder import PATIENCE_S, SPEC, TRIALS, Folder

pytestmark = pytest.mark.slow


def test_run_trains_every_trial_once_and_leaves_nothing(folder: Folder) -> None:
    ended = folder.json("run", "study.yaml", "--html", "out.html")
    study = ended["study"]
    assert study["state"] == "completed"
    assert study["counts"] == {
        "waiting": 0,
        "running": 0,
        "completed": TRIALS,
        "failed": 0,
        "cancelled": 0,
    }
    assert sum(study["outcomes"].values()) == TRIALS
    rules = ended["report"]["groups"][0]["rules"]
    assert {r["rule"]: r["results"] for r in rules} == {
        "additive": TRIALS // 2,
        "multiplicative": TRIALS // 2,
    }
    assert "<svg" in (folder.path / "out.html").read_text()
    assert folder.left == []
    assert not (folder.path / "data" / "stack.json").exists()


def test_a_stack_serves_until_it_is_taken_down(folder: Folder) -> None:
    addresses = folder.json("up", "--detach", "--port", "0")
    assert set(addresses) == {"service", "API docs", "Ray dashboard"}
    assert "already runs" in folder.gofau("up", code=4)
    watched = folder.json("submit", "study.yaml", "--watch")
    assert watched["study"]["counts"]["completed"] == TRIALS
    again = folder.json("submit", "study.yaml", "--watch")
    assert again["study"]["reused"] == TRIALS
    assert again["report"]["groups"][0]["rules"] == watched["report"]["groups"][0]["rules"]
    assert folder.json("down") == {"ended": True, "leftovers": 0}
    assert folder.left == []


def test_a_killed_stack_is_cleared_and_its_study_goes_on(folder: Folder) -> None:
    folder.gofau("up", "--detach", "--port", "0")
    study = folder.json("submit", "study.yaml")["id"]
    pid = json.loads((folder.path / "data" / "stack.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    cleared = folder.json("down")
    assert cleared["ended"]
    assert cleared["leftovers"] > 0
    assert folder.left == []
    folder.gofau("up", "--detach", "--port", "0")
    ended = folder.json("watch", study)
    assert ended["study"]["counts"]["completed"] == TRIALS
    folder.gofau("down")
    assert folder.left == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_all_that_up_started(folder: Folder, number: signal.Signals) -> None:
    process = folder.start("up", "--port", "0")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("service")
    assert len(folder.left) > 3
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert folder.left == []


def test_a_service_that_cannot_be_kept_running_ends_the_stack_with_4(folder: Folder) -> None:
    process = folder.start("up", "--port", "0")
    assert process.stdout is not None
    process.stdout.readline()
    while process.poll() is None:
        for pid in faults.those(folder, faults.is_service):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 4
    assert "the service ended by itself 4 times within 20 s of its start" in err
    assert folder.left == []


def test_ctrl_c_during_a_run_keeps_the_study(folder: Folder) -> None:
    (folder.path / "study.yaml").write_text(SPEC.replace("epochs: 2", "epochs: 100000"))
    process = folder.start("run", "study.yaml")
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if "end to end running" in line:
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, "".join(seen) + err
    assert "goes on with 'gofau up" in err
    assert folder.left == []
