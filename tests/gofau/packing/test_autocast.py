"""bfloat16 forward passes: another rounding, the same training."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from gofau.packing import ExecutorError, PackPlan, PlanError, run_pack
from gofau.packing.program import Program

Plans = Callable[..., PackPlan]
PROBLEMS = ["test-blobs", "test-convolutions", "test-tokens"]


def first_loss(plan: PackPlan) -> torch.Tensor:
    program = Program(plan)
    running = program.start(sorted(plan.trials, key=lambda t: (t.seed, t.key)))
    return program._step(running, program._begin(running), 0)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_losses_are_rounded_and_near(plan: Plans, problem: str) -> None:
    exact = plan(size=5, problem=problem)
    rounded = replace(exact, autocast="bfloat16")
    full, cast = first_loss(exact), first_loss(rounded)
    assert cast.dtype == torch.float32
    assert not torch.equal(full, cast), "nothing ran in bfloat16"
    # A product of bfloat16 numbers, which have 8 bits, is off by up to 2^-8.
    torch.testing.assert_close(cast, full, rtol=0.05, atol=0.02)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_packs_train_as_one_by_one(plan: Plans, problem: str) -> None:
    given = plan("sgd", "additive", 3, problem=problem, epochs=2, autocast="bfloat16")
    alone = {o.key: o for o in run_pack(replace(given, executor="serial"))}
    for got in run_pack(given):
        assert got.executor != "serial"
        want = alone[got.key]
        assert got.curves["val_loss"] == pytest.approx(want.curves["val_loss"], rel=0.05)


def test_parameters_and_states_stay_in_float32(plan: Plans) -> None:
    program = Program(plan("adam", "hybrid", 2, problem="test-blobs", autocast="bfloat16"))
    running, _ = program.epoch(program.start(program.plan.trials))
    assert running is not None
    kept = [*running.stack.blocks, *running.stack.direction[0].values()]
    assert {tensor.dtype for tensor in kept} == {torch.float32}


def test_products_by_hand_do_not_cast(plan: Plans) -> None:
    with pytest.raises(ExecutorError, match="not bmm: its products are written by hand"):
        list(run_pack(plan(problem="test-blobs", executor="bmm", autocast="bfloat16")))


def test_autocast_starts_from_float32(plan: Plans) -> None:
    with pytest.raises(PlanError, match="dtype: got 'float64', expected float32, since autocast"):
        plan(dtype="float64", autocast="bfloat16")
