"""Packs on a GPU: the CPU's results, also when memory runs out."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from gofau.packing import ExecutorError, PackPlan, TrialOutcome, run_pack
from gofau.packing.calibration.search import measured
from gofau.packing.plan.plan import BackendName
from gofau.packing.program import Program, Programs
from gofau.packing.trainer import Trainer
from tests.gofau.packing.compared import EACH, assert_same

pytestmark = pytest.mark.gpu
Plans = Callable[..., PackPlan]


@pytest.fixture(autouse=True)
def _gpu() -> None:
    assert torch.cuda.is_available(), "make test-gpu needs a CUDA device"


def records(plan: PackPlan, width: int = 32) -> dict[int, TrialOutcome]:
    return {outcome.key: outcome for outcome in run_pack(plan, width=width)}


def assert_near(got: dict[int, TrialOutcome], want: dict[int, TrialOutcome]) -> None:
    assert_same(got, want, rel=1e-8)


@pytest.mark.parametrize(("executor", "problem"), EACH)
@pytest.mark.parametrize("rule", ["additive", "multiplicative", "hybrid"])
def test_a_pack_on_the_gpu_trains_as_on_the_cpu(
    plan: Plans, executor: str, problem: str, rule: str
) -> None:
    given = plan("adam", rule, 7, problem=problem, epochs=3, dtype="float64", executor=executor)
    assert_near(records(replace(given, device="cuda")), records(given))


@pytest.mark.parametrize("backend", ["inductor", "cudagraphs", "inductor+cudagraphs"])
@pytest.mark.parametrize(("executor", "problem"), EACH)
def test_compiled_and_recorded_packs_train_as_on_the_cpu(
    plan: Plans, executor: str, problem: str, backend: BackendName
) -> None:
    given = plan("adam", "hybrid", 9, problem=problem, epochs=4, dtype="float64", executor=executor)
    if executor == "serial" and "cudagraphs" in backend:
        with pytest.raises(ExecutorError, match="not serial: its modules may compute on the"):
            records(replace(given, device="cuda", backend=backend))
        return
    # Nine trials in stacks of four, four and one: a recorded step is recorded anew.
    got = records(replace(given, device="cuda", backend=backend), width=4)
    assert_near(got, records(given))


@pytest.mark.parametrize("executor", ["grouped", "serial"])
def test_channels_kept_last_train_as_on_the_cpu(plan: Plans, executor: str) -> None:
    given = plan("adam", "hybrid", 5, problem="test-convolutions", epochs=3, dtype="float64")
    given = replace(given, executor=executor)
    assert_near(
        records(replace(given, device="cuda", memory_format="channels_last")), records(given)
    )


def test_a_recorded_step_is_bitwise_the_step(plan: Plans) -> None:
    given = plan("adam", "hybrid", 7, epochs=4, device="cuda", executor="bmm")
    eager, graphs = (
        {key: one.curves for key, one in records(replace(given, backend=backend)).items()}
        for backend in ("eager", "cudagraphs")
    )
    assert graphs == eager


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
        trainer = Trainer(Program(given), width=64)
        assert sorted(outcome.key for outcome in trainer.run()) == list(range(64))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_calibration_measures_the_gpu(plan: Plans) -> None:
    found = measured(Programs(plan(device="cuda", problem="test-convolutions")))
    assert found.width >= 1
    assert found.compiled_gain > 0
    assert found.compile_s > 0
    assert found.epoch_s > 0
