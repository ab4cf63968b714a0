"""Packs on a GPU: the CPU's results, also when memory runs out."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from gofau.packing import PackPlan, TrialOutcome, run_pack
from gofau.packing.calibration import measured
from gofau.packing.trainer import Trainer

pytestmark = pytest.mark.gpu
Plans = Callable[..., PackPlan]
PAIRS = [
    ("bmm", "test-blobs"),
    ("vmap", "test-tokens"),
    ("grouped", "test-convolutions"),
    ("serial", "test-convolutions"),
]


@pytest.fixture(autouse=True)
def _gpu() -> None:
    assert torch.cuda.is_available(), "make test-gpu needs a CUDA device"


def records(plan: PackPlan) -> dict[int, TrialOutcome]:
    return {outcome.key: outcome for outcome in run_pack(plan)}


@pytest.mark.parametrize(("executor", "problem"), PAIRS)
@pytest.mark.parametrize("rule", ["additive", "multiplicative", "hybrid"])
def test_a_pack_on_the_gpu_trains_as_on_the_cpu(
    plan: Plans, executor: str, problem: str, rule: str
) -> None:
    given = plan("adam", rule, 7, problem=problem, epochs=3, dtype="float64", executor=executor)
    expected = records(given)
    for key, got in records(replace(given, device="cuda")).items():
        for name, curve in got.curves.items():
            assert curve == pytest.approx(expected[key].curves[name], rel=1e-8), name


def test_bfloat16_is_near_float32(plan: Plans) -> None:
    given = plan("sgd", "additive", 5, problem="test-convolutions", epochs=2, device="cuda")
    exact = records(given)
    for key, got in records(replace(given, autocast="bfloat16")).items():
        want = exact[key].curves["val_loss"]
        assert got.curves["val_loss"] == pytest.approx(want, rel=0.05)


def test_memory_that_runs_out_loses_no_trial(plan: Plans) -> None:
    given = plan("adam", "hybrid", 64, epochs=2, device="cuda")
    free, total = torch.cuda.mem_get_info()
    torch.cuda.set_per_process_memory_fraction(min(1.0, (total - free) / total + 0.001))
    try:
        trainer = Trainer(given, width=64)
        assert sorted(outcome.key for outcome in trainer.run()) == list(range(64))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_calibration_measures_the_gpu(plan: Plans) -> None:
    assert measured(plan(device="cuda", problem="test-convolutions")).width >= 1
