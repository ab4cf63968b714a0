"""Packed training equals separate training: the oracle is a plain module and the plain step."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from torch import Tensor

from gofau import catalog
from gofau.packing import PackPlan, Schedule, run_pack
from gofau.packing.program import Program
from tests.compilers import needs_compiler
from tests.gofau.packing.plain import separately

DIRECTIONS = tuple(catalog.directions.entries)
RULES = tuple(catalog.rules.entries)
Plans = Callable[..., PackPlan]


def packed(plan: PackPlan, epochs: int, fused: bool) -> dict[str, Tensor]:
    """All trials' parameters after ``epochs``, ``[K, ...]`` in the plan's order of seeds."""
    program = Program(plan, fused)
    assert (program.optimizer.fused is not None) == fused
    running = program.start(sorted(program.plan.trials, key=lambda t: (t.seed, t.key)))
    for _ in range(epochs):
        trained, _ = program.epoch(running)
        assert trained is running
    return program.executor.layout.views(running.stack.blocks)


def worst_error(plan: PackPlan, epochs: int, fused: bool = False) -> float:
    """The largest difference between packed and separate, in units of each tensor's size."""
    together = packed(plan, epochs, fused)
    worst = 0.0
    for k, trial in enumerate(sorted(plan.trials, key=lambda t: (t.seed, t.key))):
        for name, alone in separately(plan, trial, epochs).items():
            error = (together[name][k] - alone).abs().max() / alone.abs().max()
            worst = max(worst, error.item())
    return worst


@pytest.mark.parametrize("rule_name", RULES)
@pytest.mark.parametrize("direction_name", DIRECTIONS)
@pytest.mark.parametrize("executor", ["compiled", "bmm", "serial"])
def test_one_step_equals_a_separate_step(
    plan: Plans, executor: str, direction_name: str, rule_name: str
) -> None:
    given = plan(direction_name, rule_name, 7, batch_size=33, dtype="float64", executor=executor)
    assert worst_error(given, 1) <= 1e-10


SERVED = [rule_name for rule_name in RULES if rule_name != "madam"]
"""Rules that fused steps serve in a stack; Madam bounds each tensor by a number of its own."""

CROSS = [("adam", name) for name in SERVED] + [(name, "hybrid") for name in DIRECTIONS]


@needs_compiler
@pytest.mark.parametrize(("direction_name", "rule_name"), sorted(set(CROSS)))
def test_a_fused_step_equals_a_separate_step(
    plan: Plans, direction_name: str, rule_name: str
) -> None:
    given = plan(direction_name, rule_name, 7, batch_size=33, dtype="float64")
    assert worst_error(given, 1, fused=True) <= 1e-10


@pytest.mark.parametrize("size", [1, 2, 7, 64])
@pytest.mark.parametrize("name", ["test-blobs", "test-linear"])
@pytest.mark.parametrize("executor", ["compiled", "bmm", "serial"])
def test_one_step_is_the_same_at_every_size(
    plan: Plans, executor: str, name: str, size: int
) -> None:
    given = plan(
        "adam", "hybrid", size, problem=name, batch_size=33, dtype="float64", executor=executor
    )
    assert worst_error(given, 1) <= 1e-10


@pytest.mark.parametrize("rule_name", ["additive", "multiplicative", "hybrid"])
@pytest.mark.parametrize("direction_name", ["sgd", "rmsprop", "adam"])
@pytest.mark.parametrize("executor", ["compiled", "bmm", "serial"])
def test_fifty_steps_equal_fifty_separate_steps(
    plan: Plans, executor: str, direction_name: str, rule_name: str
) -> None:
    given = plan(direction_name, rule_name, 4, epochs=17, dtype="float64", executor=executor)
    assert worst_error(given, 17) <= 1e-8


@needs_compiler
@pytest.mark.parametrize("direction_name", ["sgd", "rmsprop", "adam"])
def test_fifty_fused_steps_equal_fifty_separate_steps(plan: Plans, direction_name: str) -> None:
    given = plan(direction_name, "hybrid", 4, epochs=17, dtype="float64")
    assert worst_error(given, 17, fused=True) <= 1e-8


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("rule_name", SERVED)
@pytest.mark.parametrize("direction_name", DIRECTIONS)
def test_every_fused_step_equals_a_separate_step(
    plan: Plans, direction_name: str, rule_name: str
) -> None:
    given = plan(direction_name, rule_name, 7, batch_size=33, dtype="float64")
    assert worst_error(given, 1, fused=True) <= 1e-10


@needs_compiler
@pytest.mark.parametrize("width", [1, 3, 7])
def test_fused_trials_are_bitwise_the_same_at_every_width(plan: Plans, width: int) -> None:
    trials = tuple(
        replace(t, schedule=Schedule("cosine", warmup_steps=t.key)) for t in plan(size=7).trials
    )
    given = plan(trials=trials, epochs=3, executor="serial")
    whole = {o.key: replace(o, wall_s=0.0) for o in run_pack(given)}
    assert {o.key: replace(o, wall_s=0.0) for o in run_pack(given, width=width)} == whole


@pytest.mark.parametrize(
    ("rule_name", "policy", "reason"),
    [
        ("madam", "leave", "the rule madam keeps numbers per tensor, not per row"),
        ("hybrid", "additive", "no fused kernel of adam with zero_additive"),
    ],
)
def test_what_fused_steps_do_not_serve(
    plan: Plans, rule_name: str, policy: str, reason: str
) -> None:
    program = Program(plan("adam", rule_name, zero_policy=policy))
    assert program.optimizer.fused is None
    assert program.optimizer.reason == reason
