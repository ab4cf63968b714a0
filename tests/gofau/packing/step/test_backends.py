"""Compiled and recorded steps, and channels kept last: another way to the same records."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from gofau.packing import ExecutorError, PackPlan, PlanError, TrialOutcome, run_pack
from gofau.packing.plan.gamma import Gamma
from gofau.packing.plan.rates import Schedule
from gofau.packing.program import Program
from gofau.packing.step import cuda_graph
from gofau.packing.step.cuda_graph import WARM_UP, CudaGraphSteps
from gofau.packing.trainer import Trainer
from tests.gofau.packing.compared import EACH, assert_same
from tests.gofau.packing.killed import timeless

Plans = Callable[..., PackPlan]


def records(plan: PackPlan) -> dict[int, TrialOutcome]:
    return timeless(list(run_pack(plan, fused=False)))


@pytest.mark.slow
@pytest.mark.parametrize(("executor", "problem"), EACH)
def test_a_compiled_pack_trains_alike(plan: Plans, executor: str, problem: str) -> None:
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    given = plan("adam", "hybrid", 5, problem=problem, epochs=3, dtype="float64", executor=executor)
    given = replace(given, backend="inductor", zero_policy="additive")
    assert_same(records(given), records(replace(given, backend="eager")), rel=1e-9)
    frames = torch._dynamo.utils.counters["frames"]
    assert frames["ok"] == frames["total"] > 0, "something ran uncompiled"


@pytest.mark.slow
def test_stacks_of_many_sizes_stay_compiled(plan: Plans) -> None:
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    for size in range(1, 13):
        list(
            run_pack(plan("sgd", "additive", size, executor="bmm", backend="inductor"), fused=False)
        )
    frames = torch._dynamo.utils.counters["frames"]
    assert frames["ok"] == frames["total"] > 0


class SeenByConvolutions(TorchFunctionMode):
    """Whether the images and the kernels of each convolution have their channels last."""

    def __init__(self) -> None:
        super().__init__()
        self.last: list[tuple[bool, bool]] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        if func in (F.conv2d, torch.conv2d):
            form = torch.channels_last
            self.last.append(tuple(a.is_contiguous(memory_format=form) for a in args[:2]))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("executor", ["grouped", "serial"])
def test_channels_kept_last_change_no_record(plan: Plans, executor: str) -> None:
    given = plan("adam", "hybrid", 5, problem="test-convolutions", epochs=3, dtype="float64")
    given = replace(given, executor=executor)
    Program(given)  # examines the problem's module, once in a process
    with SeenByConvolutions() as seen:
        last = records(replace(given, memory_format="channels_last"))
    # The two convolutions twice: in the passes that find the dropouts and their inputs' shapes.
    assert sum(both != (True, True) for both in seen.last) == 4 < len(seen.last)
    assert_same(last, records(given), rel=1e-9)


def test_channels_last_needs_images(plan: Plans) -> None:
    expected = "memory_format: got 'channels_last', expected contiguous, since the inputs of"
    with pytest.raises(PlanError, match=expected):
        list(run_pack(plan(problem="test-blobs", memory_format="channels_last")))


def test_an_executor_that_cannot_keep_channels_last_says_so(plan: Plans) -> None:
    given = plan(problem="test-convolutions", executor="vmap", memory_format="channels_last")
    with pytest.raises(ExecutorError, match="not vmap: it cannot keep the channels"):
        list(run_pack(given))


def test_a_kernel_of_ours_is_not_for_torch_to_compile(plan: Plans) -> None:
    with pytest.raises(ExecutorError, match="not compiled: its kernel is not torch's to"):
        list(run_pack(plan(executor="compiled", backend="inductor")))


def test_graphs_need_a_gpu(plan: Plans) -> None:
    for backend in ("cudagraphs", "inductor+cudagraphs"):
        expected = f"backend: got {backend!r}, expected auto, eager or inductor on cpu"
        with pytest.raises(PlanError, match=expected.replace("+", r"\+")):
            plan(backend=backend)


class Captures:
    """Stands in for CUDA graphs: a replay runs again what was recorded, on the same tensors."""

    def __init__(self) -> None:
        self.made = 0
        self.replayed = 0

    def __call__(self, run: Callable[[], None]) -> Callable[[], None]:
        self.made += 1

        def replay() -> None:
            self.replayed += 1
            run()

        return replay


@pytest.fixture
def captures(monkeypatch: pytest.MonkeyPatch) -> Captures:
    made = Captures()
    monkeypatch.setattr(cuda_graph, "capture", made)
    return made


def recording(plan: PackPlan, width: int) -> Trainer:
    """A trainer on the CPU that records its steps."""
    trainer = Trainer(Program(plan, fused=False), width)
    trainer.program._graph = CudaGraphSteps(trainer.program._advance)
    return trainer


def replayed(plan: PackPlan, width: int = 32) -> dict[int, TrialOutcome]:
    return timeless(list(recording(plan, width).run()))


def plainly(plan: PackPlan, width: int = 32) -> dict[int, TrialOutcome]:
    return timeless(list(Trainer(Program(plan, fused=False), width).run()))


def moving(plan: PackPlan) -> PackPlan:
    """With a schedule and a γ of its own for every trial."""
    trials = tuple(
        replace(
            trial,
            schedule=Schedule("cosine", warmup=0.1 * (trial.key % 3)),
            gamma=Gamma("exponential", patience=trial.key % 3),
        )
        for trial in plan.trials
    )
    return replace(plan, trials=trials)


@pytest.mark.parametrize(("executor", "problem"), EACH[:3])
@pytest.mark.parametrize("direction", ["sgd", "adam"])
def test_a_replayed_step_is_the_step(
    plan: Plans, captures: Captures, executor: str, problem: str, direction: str
) -> None:
    given = plan(direction, "hybrid", 7, problem=problem, epochs=4, executor=executor)
    for one in (given, moving(given)):
        assert replayed(one) == plainly(one)
    # 3 steps an epoch, of which the first two of all only warm up.
    assert (captures.made, captures.replayed) == (2, 2 * (4 * 3 - WARM_UP))


def test_a_stack_that_changes_is_recorded_anew(plan: Plans, captures: Captures) -> None:
    given = plan("adam", "hybrid", 9, epochs=4, executor="bmm")
    assert replayed(given, width=4) == plainly(given, width=4)
    assert captures.made == 3  # 4, 4 and then 1 trial


def test_a_recorded_step_writes_where_it_read(plan: Plans, captures: Captures) -> None:
    trainer = recording(plan("adam", "hybrid", 5, epochs=9, executor="bmm"), 8)
    program, running = trainer.program, trainer.refill()
    assert running is not None
    program.steps(running, WARM_UP)
    places = [t.data_ptr() for t in cuda_graph._tensors(running.stack)]
    program.steps(running, 3)
    assert captures.replayed == 3
    assert places == [t.data_ptr() for t in cuda_graph._tensors(running.stack)]


def test_released_memory_is_recorded_anew(plan: Plans, captures: Captures) -> None:
    trainer = recording(plan("sgd", "additive", 5, epochs=2, executor="bmm"), 8)
    program, running = trainer.program, trainer.refill()
    assert running is not None
    program.steps(running, 3)
    program.release()
    program.steps(running, 3)
    assert captures.made == 2
