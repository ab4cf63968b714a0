"""States and calibrations of other data or other code are not taken up."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gofau.packing import CheckpointError, PackPlan, run_pack
from gofau.packing.calibration import folder
from gofau.packing.calibration.calibration import Calibration
from gofau.packing.plan.identity import identified
from gofau.packing.program import Programs
from gofau.packing.recovery import checkpoint
from gofau.packing.recovery.checkpoint import Checkpointing
from gofau.problems import Dataset
from gofau.problems.digits import DigitsMLP
from tests.gofau.packing.killed import timeless

Plans = Callable[..., PackPlan]
Stop = KeyboardInterrupt


def killed(plan: PackPlan, at: Checkpointing, epochs: int) -> None:
    """Train for some epochs, as a process that is killed then."""
    seen: list[int] = []

    def count(_: int) -> None:
        seen.append(0)
        if len(seen) > epochs:
            raise Stop

    with pytest.raises(Stop):
        list(run_pack(plan, checkpoint=at, on_progress=count))


def epochs_of(plan: PackPlan, at: Checkpointing) -> tuple[int, dict[Any, Any]]:
    """How many epochs a run trains, and what it gives."""
    seen: list[int] = []
    found = list(run_pack(plan, checkpoint=at, on_progress=lambda _: seen.append(0)))
    return len(seen), timeless(found)


@pytest.fixture
def given(plan: Plans) -> PackPlan:
    return plan("sgd", "additive", 3, problem="digits-mlp", epochs=6)


def with_turned_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    data = DigitsMLP({}).dataset()
    turned = Dataset(data.train_x, data.train_y.flip(0), data.val_x, data.val_y)
    monkeypatch.setattr(DigitsMLP, "dataset", lambda _self: turned)


def test_a_killed_pack_goes_on_with_the_same_data(given: PackPlan, tmp_path: Path) -> None:
    at = Checkpointing(tmp_path / "pack.pt", every=2, recover=True)
    killed(given, at, 4)
    assert epochs_of(given, at)[0] == 2


@pytest.mark.parametrize("what", ["data", "code"])
def test_it_begins_anew_where_data_or_code_have_changed(
    given: PackPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    at = Checkpointing(tmp_path / "pack.pt", every=2, recover=True)
    killed(given, at, 4)
    if what == "data":
        with_turned_labels(monkeypatch)
    else:
        monkeypatch.setattr(checkpoint, "code_version", lambda: "another")
    count, found = epochs_of(given, at)
    assert count == 6
    fresh = {outcome.key: outcome for outcome in run_pack(given)}
    for key, outcome in found.items():
        assert outcome.curves["val_loss"] == pytest.approx(fresh[key].curves["val_loss"])


def test_one_checkpoint_of_other_data_is_refused_in_words(
    given: PackPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Checkpointing(tmp_path / "pack.pt", every=2)
    killed(given, at, 4)
    with_turned_labels(monkeypatch)
    with pytest.raises(CheckpointError, match="those of this plan with its data and code of now"):
        list(run_pack(given, checkpoint=at))


def test_a_calibration_is_kept_by_the_code_of_the_problem(
    given: PackPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Calibration("serial", 1, 1.0, "by hand")
    asked: list[int] = []

    def measured(*_: object, **__: object) -> Calibration:
        asked.append(0)
        return made

    monkeypatch.setattr(folder, "measured", measured)
    for _ in range(2):
        folder.calibrated(Programs(given), tmp_path)
    assert len(asked) == 1
    with_turned_labels(monkeypatch)
    folder.calibrated(Programs(given), tmp_path)
    assert len(asked) == 1
    monkeypatch.setattr(DigitsMLP, "module", _another_module)
    folder.calibrated(Programs(given), tmp_path)
    assert len(asked) == 2


def _another_module(_: DigitsMLP) -> torch.nn.Sequential:
    return torch.nn.Sequential(torch.nn.Linear(64, 10))


def test_what_a_plan_is_told_of_its_inputs_stays(given: PackPlan) -> None:
    told = replace(given, inputs="known", code="known")
    assert identified(told) is told
    found = identified(given)
    assert len(found.inputs) == len(found.code) == 32
    assert json.dumps(found.inputs)
