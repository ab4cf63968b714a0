"""One contract for every executor, with the serial one as the reference."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from gofau.packing import ExecutorError, PackPlan, TrialOutcome, run_pack
from gofau.packing.executors import Groups
from gofau.packing.program import Program
from gofau.problems import registry

Plans = Callable[..., PackPlan]

PAIRS = [
    ("compiled", "test-blobs"),
    ("compiled", "test-linear"),
    ("bmm", "test-blobs"),
    ("bmm", "test-linear"),
    ("vmap", "test-blobs"),
    ("vmap", "test-convolutions"),
    ("vmap", "test-tokens"),
    ("grouped", "test-convolutions"),
]
CHOICES = [
    ("test-blobs", "compiled", ""),
    ("test-convolutions", "grouped", "not bmm: its module is not a Sequential of Linear"),
    ("test-tokens", "vmap", "not grouped: its module is not a Sequential"),
    ("test-untraceable", "serial", "not vmap: torch cannot vectorise it"),
]


def parameters(plan: PackPlan, epochs: int) -> dict[str, torch.Tensor]:
    program = Program(plan)
    running = program.start(sorted(program.plan.trials, key=lambda t: (t.seed, t.key)))
    for _ in range(epochs):
        trained, _ = program.epoch(running)
        assert trained is running
    views = program.executor.layout.views(running.stack.blocks)
    return {**views, **running.stack.buffers}


def records(plan: PackPlan, width: int = 32) -> dict[int, TrialOutcome]:
    blank = {"wall_s": 0.0, "executor": "", "executor_reason": ""}
    return {o.key: replace(o, **blank) for o in run_pack(plan, width=width)}


@pytest.mark.parametrize("size", [1, 2, 7, 64])
@pytest.mark.parametrize(("executor", "problem"), PAIRS)
def test_a_step_equals_the_serial_step(plan: Plans, executor: str, problem: str, size: int) -> None:
    given = plan(size=size, problem=problem, batch_size=33, dtype="float64", executor=executor)
    expected = parameters(replace(given, executor="serial"), 1)
    for name, got in parameters(given, 1).items():
        want = expected[name].double()
        scale = want.reshape(size, -1).abs().amax(1).clamp_min(1e-3)
        error = (got.double() - want).reshape(size, -1).abs().amax(1) / scale
        assert error.max() <= 1e-10, name


@pytest.mark.parametrize(("executor", "problem"), PAIRS)
def test_records_equal_the_serial_ones(plan: Plans, executor: str, problem: str) -> None:
    given = plan(
        "rmsprop", "hybrid", 5, problem=problem, epochs=3, dtype="float64", executor=executor
    )
    expected = records(replace(given, executor="serial"))
    for key, got in records(given).items():
        assert got.outcome == expected[key].outcome
        for name, curve in got.curves.items():
            assert curve == pytest.approx(expected[key].curves[name], rel=1e-8), name


@pytest.mark.parametrize(("executor", "problem"), [*PAIRS, ("serial", "test-untraceable")])
def test_records_do_not_depend_on_the_width(plan: Plans, executor: str, problem: str) -> None:
    given = plan("adam", "hybrid", 5, problem=problem, epochs=2, dtype="float64", executor=executor)
    whole = records(given)
    for key, got in records(given, width=2).items():
        assert got.curves["val_loss"] == pytest.approx(whole[key].curves["val_loss"], rel=1e-9)


def with_a_nan(calm: PackPlan, lr: float = 1e38) -> PackPlan:
    """The same plan, in which the third trial explodes in its first epoch."""
    trials = calm.trials
    wild = (replace(t, hyper={**t.hyper, "lr": lr}) if t.key == 2 else t for t in trials)
    return replace(calm, trials=tuple(wild))


@pytest.mark.parametrize(("executor", "problem"), [*PAIRS, ("serial", "test-tokens")])
def test_a_nan_leaves_the_neighbours_bitwise_untouched(
    plan: Plans, executor: str, problem: str
) -> None:
    # The dead leave the stack after an epoch, which only some executors promise not to notice.
    epochs = 2 if executor in {"compiled", "bmm", "serial"} else 1
    calm = plan("sgd", "additive", 5, problem=problem, epochs=epochs, executor=executor)
    before, after = records(calm), records(with_a_nan(calm))
    assert after.pop(2).outcome == "nonfinite"
    del before[2]
    assert after == before


@pytest.mark.parametrize(("executor", "problem"), [p for p in PAIRS if p[0] in {"vmap", "grouped"}])
def test_the_neighbours_of_the_dead_change_by_rounding_at_most(
    plan: Plans, executor: str, problem: str
) -> None:
    fields = {"problem": problem, "epochs": 3, "executor": executor, "dtype": "float64"}
    calm = plan("sgd", "additive", 5, **fields)
    before, after = records(calm), records(with_a_nan(calm, lr=1e308))
    del before[2]
    assert after.pop(2).outcome == "nonfinite"
    assert after.keys() == before.keys()
    for key, outcome in after.items():
        for name, curve in outcome.curves.items():
            assert curve == pytest.approx(before[key].curves[name], rel=1e-9), name


@pytest.mark.parametrize(("problem", "executor", "reason"), CHOICES)
def test_auto_takes_the_first_that_can_and_says_why(
    plan: Plans, problem: str, executor: str, reason: str
) -> None:
    (outcome,) = run_pack(plan(size=1, problem=problem))
    assert outcome.executor == executor
    assert reason in outcome.executor_reason


@pytest.mark.parametrize(
    ("executor", "problem", "message"),
    [
        ("bmm", "test-tokens", "expected 'auto' or an executor that supports it"),
        ("grouped", "test-blobs", "which cannot run this plan: not grouped: it has no convolution"),
        ("vmap", "test-untraceable", "torch cannot vectorise"),
    ],
)
def test_an_executor_asked_for_by_name_must_fit(
    plan: Plans, executor: str, problem: str, message: str
) -> None:
    with pytest.raises(ExecutorError, match=message):
        list(run_pack(plan(problem=problem, executor=executor)))


def test_a_tie_of_logits_counts_as_the_first_class(plan: Plans) -> None:
    program = Program(plan("sgd", "additive", 2, problem="test-linear"))
    running = program.start(sorted(program.plan.trials, key=lambda t: (t.seed, t.key)))
    running.stack.blocks[0].zero_()
    got = program.executor.measure(running.stack, program.data.val_x, program.data.val_y)
    problem = registry.get("test-linear", "problem")({})
    logits = torch.zeros(len(program.data.val_y), 3)
    want = problem.measure(logits, program.data.val_y)
    assert got["val_accuracy"].tolist() == [want["val_accuracy"].item()] * 2


def test_groups_are_runs_of_equal_streams() -> None:
    groups = Groups.of([(0, 1), (0, 1), (0, 2), (0, 1)], torch.device("cpu"))
    assert groups.rows == (slice(0, 2), slice(2, 3), slice(3, 4))
    assert groups.index.tolist() == [0, 0, 1, 2]
    spread = groups.per_trial(torch.tensor([5, 6, 7]))
    assert spread.tolist() == [5, 5, 6, 7]
