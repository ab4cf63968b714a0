"""A killed pack resumes, and ends as if nothing had happened."""

import os
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gofau.packing import CheckpointError, Checkpointing, PackPlan, TrialPlan, run_pack
from gofau.packing.executors.mlp import MLPExecutor
from gofau.packing.program import Program
from gofau.packing.stack.running import RunningTrials
from gofau.packing.stack.stack import Stack
from gofau.packing.trainer import Trainer
from tests.gofau.packing.killed import killed_after, timeless

Plans = Callable[..., PackPlan]


@pytest.mark.parametrize("problem", ["test-blobs", "test-convolutions", "test-tokens"])
def test_a_resumed_run_equals_an_uninterrupted_one(
    plan: Plans, tmp_path: Path, problem: str
) -> None:
    given = plan("adam", "hybrid", 7, problem=problem, epochs=4)
    uninterrupted = timeless(list(run_pack(given, width=3)))
    for calls in (1, 4, 5, 9):
        checkpoint = Checkpointing(tmp_path / "pack.pt", every=2)
        killed_after(given, calls, checkpoint, width=3)
        resumed = timeless(list(run_pack(given, width=3, checkpoint=checkpoint)))
        assert resumed == uninterrupted, calls
        assert list(tmp_path.iterdir()) == []


def test_what_had_ended_is_yielded_again(plan: Plans, tmp_path: Path) -> None:
    given = plan(size=6, epochs=2)
    checkpoint = Checkpointing(tmp_path / "pack.pt", every=1)
    killed_after(given, 4, checkpoint, width=2)
    again = [o.key for o in run_pack(given, width=2, checkpoint=checkpoint)]
    assert sorted(again) == [0, 1, 2, 3, 4, 5]


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``room`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [100, 5_000])
def test_a_failed_write_leaves_the_last_checkpoint(
    plan: Plans, tmp_path: Path, caplog: pytest.LogCaptureFixture, room: int
) -> None:
    given = plan(size=3, epochs=6)
    checkpoint = Checkpointing(tmp_path / "pack.pt", every=1)
    killed_after(given, 2, checkpoint, width=3)
    kept = checkpoint.path.read_bytes()
    assert len(kept) > room
    with full_disk(room):
        killed_after(given, 2, checkpoint, width=3)
    assert checkpoint.path.read_bytes() == kept
    assert list(tmp_path.iterdir()) == [checkpoint.path]
    assert "File too large, expected room for it; free some" in caplog.text
    with full_disk(room):
        trained = timeless(list(run_pack(given, width=3, checkpoint=checkpoint)))
    assert trained == timeless(list(run_pack(given, width=3)))


class Malicious:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("made-by-a-checkpoint",)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": _cut,
    "text": lambda path: path.write_text("lr: 0.1\n"),
    "foreign": lambda path: torch.save({"weights": torch.ones(3)}, path),
    "a list": lambda path: torch.save([1, 2], path),
    "code": lambda path: torch.save({"format": Malicious()}, path),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_refused_without_running_it(
    plan: Plans, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, checkpoint = plan(size=3, epochs=4), Checkpointing(tmp_path / "pack.pt", every=1)
    monkeypatch.chdir(tmp_path)
    killed_after(given, 2, checkpoint, width=3)
    DAMAGE[kind](checkpoint.path)
    with pytest.raises(CheckpointError) as caught:
        list(run_pack(given, width=3, checkpoint=checkpoint))
    assert str(caught.value) == (
        f"checkpoint {checkpoint.path}: got a damaged or foreign file, expected one that a pack "
        "wrote; remove the file or give another path"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["pack.pt"]


@pytest.mark.parametrize("kind", DAMAGE)
def test_recovery_leaves_a_damaged_file_alone(
    plan: Plans, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    given = plan(size=3, epochs=4)
    broken = tmp_path / "broken.pt"
    killed_after(given, 2, Checkpointing(broken, every=1), width=3)
    DAMAGE[kind](broken)
    checkpoint = Checkpointing(tmp_path / "pack.pt", every=1, recover=True)
    resumed = timeless(list(run_pack(given, width=3, checkpoint=checkpoint)))
    assert resumed == timeless(list(run_pack(given, width=3)))
    assert "got a damaged or foreign file" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["broken.pt"]


@pytest.mark.parametrize("recover", [False, True])
def test_numpy_numbers_survive(plan: Plans, tmp_path: Path, recover: bool) -> None:
    given = plan(size=3, epochs=4)
    trials = tuple(
        replace(
            t,
            key=np.int64(t.key),
            init_scale=np.float32(t.init_scale),
            hyper={n: np.float64(v) if type(v) is float else v for n, v in t.hyper.items()},
        )
        for t in given.trials
    )
    given = replace(given, trials=trials)
    checkpoint = Checkpointing(tmp_path / "pack.pt", every=1, recover=recover)
    killed_after(given, 2, checkpoint, width=2)
    resumed = timeless(list(run_pack(given, width=2, checkpoint=checkpoint)))
    assert resumed == timeless(list(run_pack(given, width=2)))


def test_another_plans_checkpoint_is_refused(plan: Plans, tmp_path: Path) -> None:
    checkpoint = Checkpointing(tmp_path / "pack.pt", every=1)
    killed_after(plan(size=3, epochs=4), 2, checkpoint, width=3)
    with pytest.raises(CheckpointError, match="remove the file or give another path"):
        list(run_pack(plan(size=3, epochs=5), checkpoint=checkpoint))


def test_memory_running_out_halves_the_lane_and_loses_nothing(
    plan: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = plan("adam", "hybrid", 9, epochs=3, dtype="float64", executor="bmm")
    expected = timeless(list(run_pack(given)))
    steps = 0
    compute = MLPExecutor.gradients

    def tight(self: MLPExecutor, stack: Stack, batch: object) -> object:
        nonlocal steps
        steps += 1
        if stack.size > 3 and steps > 4:
            raise torch.OutOfMemoryError("the device is full")
        return compute(self, stack, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(MLPExecutor, "gradients", tight)
    trainer = Trainer(Program(given), width=8, guarded=True)
    got = timeless(list(trainer.run()))
    assert trainer.width <= 3
    assert got.keys() == expected.keys()
    for key, outcome in got.items():
        assert outcome.curves["val_loss"] == pytest.approx(
            expected[key].curves["val_loss"], rel=1e-9
        )


def test_memory_running_out_at_the_start_admits_fewer(
    plan: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = plan(size=7, epochs=2)
    start = Program.start

    def tight(self: Program, trials: Sequence[TrialPlan]) -> RunningTrials:
        if len(trials) > 2:
            raise torch.OutOfMemoryError("the device is full")
        return start(self, trials)

    monkeypatch.setattr(Program, "start", tight)
    assert sorted(o.key for o in run_pack(given)) == list(range(7))


def _no_wide_join(patch: pytest.MonkeyPatch) -> None:
    join = RunningTrials.join

    def tight(self: RunningTrials, other: RunningTrials) -> RunningTrials:
        if len(self) + len(other) > 4:
            raise torch.OutOfMemoryError("the device is full")
        return join(self, other)

    patch.setattr(RunningTrials, "join", tight)


def _no_wide_take(patch: pytest.MonkeyPatch) -> None:
    take, failed = RunningTrials.take, False

    def tight(self: RunningTrials, rows: Sequence[int]) -> RunningTrials:
        nonlocal failed
        if len(rows) > 3 and not failed:
            failed = True
            raise torch.OutOfMemoryError("the device is full")
        return take(self, rows)

    patch.setattr(RunningTrials, "take", tight)


def _no_second_start(patch: pytest.MonkeyPatch) -> None:
    start, count = Program.start, 0

    def tight(self: Program, trials: Sequence[TrialPlan]) -> RunningTrials:
        nonlocal count
        count += 1
        if 1 < count < 4:
            raise torch.OutOfMemoryError("the device is full")
        return start(self, trials)

    patch.setattr(Program, "start", tight)


@pytest.mark.parametrize("tighten", [_no_wide_join, _no_wide_take, _no_second_start])
def test_memory_running_out_between_epochs_loses_nothing(
    plan: Plans, monkeypatch: pytest.MonkeyPatch, tighten: Callable[[pytest.MonkeyPatch], None]
) -> None:
    given = plan("sgd", "additive", 12, epochs=4, dtype="float64", executor="bmm")
    trials = tuple(
        replace(t, hyper={**t.hyper, "lr": 1e30}) if t.key % 3 == 0 else t for t in given.trials
    )
    given = replace(given, trials=trials)
    expected = timeless(list(run_pack(given, width=6)))
    tighten(monkeypatch)
    counts: list[int] = []
    trainer = Trainer(Program(given), width=6, guarded=True, on_progress=counts.append)
    outcomes = list(trainer.run())
    got = timeless(outcomes)
    assert len(outcomes) == len(got) == 12
    assert sum(counts) == sum(outcome.epochs_run for outcome in outcomes)
    for key, outcome in got.items():
        assert outcome.outcome == expected[key].outcome
        assert outcome.curves["val_loss"] == pytest.approx(
            expected[key].curves["val_loss"], rel=1e-9, nan_ok=True
        )


def test_memory_too_small_for_one_trial_is_an_error(
    plan: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("the device is full")

    monkeypatch.setattr(MLPExecutor, "gradients", full)
    with pytest.raises(torch.OutOfMemoryError):
        list(Trainer(Program(plan(size=5, executor="bmm")), width=4, guarded=True).run())
