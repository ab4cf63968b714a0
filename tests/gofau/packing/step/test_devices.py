"""What a pack does on a GPU, followed without one: torch's fake tensors know their device."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gofau import catalog
from gofau.packing import PackPlan
from gofau.packing.program import Program
from gofau.packing.stack.running import RunningTrials
from tests.gofau.packing.compared import EACH

Plans = Callable[..., PackPlan]
PACKED = EACH[:3]
LOOKS = ("aten::_local_scalar_dense", "aten::nonzero")


class OnDevice(TorchDispatchMode):
    """Refuses what a CUDA graph cannot record: tensors elsewhere, and looks at values."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        tensors = [t for t in tree_leaves((args, kwargs, out)) if isinstance(t, Tensor)]
        places = {t.device.type for t in tensors}
        assert places <= {"cuda"}, f"{func} touches {places}"
        assert func.name() not in LOOKS, f"{func} waits for a value"
        return out


def running_of(program: Program) -> RunningTrials:
    """A running of the plan's trials, without the numbers that only a real run knows."""
    trials = program.plan.trials
    values = dict.fromkeys(program.problem.entry.metric_names, 0.0)
    return RunningTrials(
        program._stack(trials), [program._progress(t, 0.0, values) for t in trials]
    )


def on(found: Any) -> set[str]:
    return {t.device.type for t in tree_leaves(found) if isinstance(t, Tensor)}


@pytest.mark.usefixtures("fake_gpu")
@pytest.mark.parametrize(("executor", "problem"), PACKED)
def test_what_a_step_needs_is_on_the_gpu(plan: Plans, executor: str, problem: str) -> None:
    program = Program(plan("adam", "hybrid", 7, problem=problem, device="cuda", executor=executor))
    running = running_of(program)
    batch = program.executor.drawn(program._epochs.batch(program._begin(running), 1))
    assert on((running.stack.__dict__, batch.x, batch.y, batch.groups.index, batch.masks)) == {
        "cuda"
    }
    assert on(program.executor.outputs(running.stack, program.data.val_x)) == {"cuda"}
    measured = program.executor.measure(running.stack, program.data.val_x, program.data.val_y)
    assert on(measured) == {"cuda"}


@pytest.mark.usefixtures("fake_gpu")
@pytest.mark.parametrize(("executor", "problem"), PACKED[1:])
def test_a_forward_pass_stays_on_the_gpu(plan: Plans, executor: str, problem: str) -> None:
    program = Program(plan("adam", "hybrid", 7, problem=problem, device="cuda", executor=executor))
    running, trained = running_of(program), program.executor
    batch = trained.drawn(program._epochs.batch(program._begin(running), 0))
    parameters = trained.layout.views(running.stack.blocks)
    with torch.no_grad(), OnDevice():
        trained.batch_losses(parameters, running.stack, batch)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("fake_gpu")
@pytest.mark.parametrize("direction", [*catalog.directions.entries])
@pytest.mark.parametrize("rule", [*catalog.rules.entries])
def test_a_step_stays_on_the_gpu(plan: Plans, direction: str, rule: str) -> None:
    program = Program(plan(direction, rule, 7, device="cuda", executor="bmm"))
    running = running_of(program)
    batch = program.executor.drawn(program._epochs.batch(program._begin(running), 0))
    with OnDevice():
        program._advance(running.stack, batch, torch.ones(7, device="cuda"))
