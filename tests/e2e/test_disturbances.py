"""What people do to a running study changes no record: pause, extend, cancel, Ctrl-C and again."""

import signal

import pytest

from tests.e2e import faults
from tests.e2e.folder import PATIENCE_S, Folder

pytestmark = pytest.mark.slow

EXACT = ("outcome", "epochs_run", "steps", "steps_to_target", "frozen_fraction")
NEAR = {"val_loss": 1e-5, "train_loss": 1e-5, "val_accuracy": 3.5 / 360}
"""What curves may be apart, beside a thousandth: rounding may tip a few of the 360 examples."""


def assert_undisturbed(mine: faults.Records, theirs: faults.Records) -> None:
    """The same records; another cut into packs moves the last digits of numbers only."""
    assert mine.keys() == theirs.keys()
    for key, record in mine.items():
        other = theirs[key]
        assert {n: record[n] for n in EXACT} == {n: other[n] for n in EXACT}
        for name in ("value", "best"):
            assert record[name] == pytest.approx(other[name], rel=1e-3)
        assert record["curves"].keys() == other["curves"].keys()
        for name, curve in record["curves"].items():
            assert curve == pytest.approx(other["curves"][name], rel=1e-3, abs=NEAR[name])


def test_a_study_paused_resumed_and_extended_is_the_larger_one(folder: Folder) -> None:
    with faults.running(folder) as study:
        folder.gofau("pause", study)
        faults.until(lambda: not faults.those(folder, faults.is_pack), "the end of the packs")
        assert folder.json("show", study)["counts"]["completed"] < faults.TRIALS
        folder.gofau("resume", study)
    folder.gofau("extend", study, "--seeds", "7")
    assert folder.json("watch", study)["study"]["counts"]["completed"] == faults.TRIALS * 7 // 6
    (folder.path / "study.yaml").write_text(faults.SPEC.replace("seeds: 6", "seeds: 7"))
    whole = folder.json("submit", "study.yaml", "--fresh", "--watch")["study"]["id"]
    assert_undisturbed(faults.records(folder, study), faults.records(folder, whole))
    faults.end(folder)


def test_a_run_interrupted_goes_on_when_it_is_run_again(
    folder: Folder, undisturbed: faults.Undisturbed
) -> None:
    faults.settle(folder)
    process = folder.start("run", "study.yaml", "--cpus", str(faults.CPUS))
    faults.until(lambda: (folder.path / "data" / "stack.json").exists(), "the stack")
    faults.until(lambda: faults.answers(folder), "the service")
    study = faults.until(lambda: folder.json("list"), "the study")[0]["id"]
    faults.until(lambda: faults.completed(folder, study), "results")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, err
    assert f"study {study} goes on with 'gofau up" in err
    again = folder.json("run", "study.yaml", "--cpus", str(faults.CPUS))["study"]
    assert (again["id"], again["reused"]) == (study, 0)
    folder.gofau("up", "--detach", "--port", "0")
    assert [one["id"] for one in folder.json("list")] == [study]
    assert_undisturbed(faults.records(folder, study), undisturbed.records)
    faults.end(folder)
