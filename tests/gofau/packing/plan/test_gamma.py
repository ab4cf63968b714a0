"""Schedules of γ: the known sequences, and the same training as a plain loop over epochs."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from gofau.packing import Gamma, PackPlan, PlanError, run_pack
from gofau.packing.plan.streams import stream
from gofau.packing.program import Program
from tests.compilers import compiler_works
from tests.gofau.packing.plain import separately

Plans = Callable[..., PackPlan]

KINDS = [Gamma(), Gamma("exponential", 1), Gamma("inverse"), Gamma("random"), Gamma("inverse", 2)]
FUSED = [False, True] if compiler_works() else [False]


@pytest.mark.parametrize(
    ("gamma", "values"),
    [
        (Gamma(), [0.5, 0.5, 0.5]),
        (Gamma("exponential"), [0.5, 0.25, 0.125]),
        (Gamma("exponential", 2), [1.0, 1.0, 0.5]),
        (Gamma("inverse", 1), [0.0, 0.5, 0.75]),
    ],
)
def test_known_values(gamma: Gamma, values: list[float]) -> None:
    assert [gamma.value(0.5, e, torch_stream) for e in range(3)] == values


def torch_stream(epoch: int) -> torch.Generator:
    return stream("test-blobs", 0, "gamma", epoch)


def test_a_random_schedule_belongs_to_the_seed() -> None:
    draws = [Gamma("random").value(0.5, epoch, torch_stream) for epoch in range(64)]
    assert set(draws) == {0.0, 1.0}
    assert draws == [Gamma("random").value(0.1, epoch, torch_stream) for epoch in range(64)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"kind": "linear"},
            "gamma.kind: got 'linear', expected constant, exponential, inverse or random",
        ),
        ({"patience": -1}, "gamma.patience: got -1, expected >= 0"),
    ],
)
def test_settings_out_of_range(fields: dict[str, object], message: str) -> None:
    with pytest.raises(PlanError) as caught:
        Gamma(**fields)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_rule_without_gamma_has_no_schedule_of_it(plan: Plans) -> None:
    base = plan("sgd", "additive", 1)
    with pytest.raises(PlanError) as caught:
        replace(base, trials=(replace(base.trials[0], gamma=Gamma("random")),))
    assert str(caught.value) == (
        "trials[key=0].gamma: got 'random', expected constant, since the rule additive has no gamma"
    )


def scheduled(plan: Plans, epochs: int) -> PackPlan:
    base = plan("adam", "hybrid", 5, epochs=epochs, batch_size=11, dtype="float64")
    trials = tuple(replace(t, gamma=KINDS[t.key % len(KINDS)]) for t in base.trials)
    return replace(base, trials=trials, executor="serial")


@pytest.mark.parametrize("fused", FUSED)
def test_each_trial_follows_its_own_schedule(plan: Plans, fused: bool) -> None:
    given = scheduled(plan, epochs=4)
    program = Program(given, fused)
    running = program.start(given.trials)
    for _ in range(given.epochs):
        program.epoch(running)
    weights = next(iter(program.executor.layout.views(running.stack.blocks).values()))
    for k, trial in enumerate(given.trials):
        alone = next(iter(separately(given, trial, given.epochs).values()))
        torch.testing.assert_close(weights[k], alone, rtol=1e-9, atol=1e-10)


def test_zeros_can_move_once_gamma_leaves_one(plan: Plans) -> None:
    base = plan("sgd", "hybrid", 4, problem="test-zeros", epochs=3)
    kinds = (Gamma(), Gamma("exponential", 1), Gamma("exponential", 3), Gamma("inverse", 1))
    trials = tuple(
        replace(t, gamma=kind, hyper={**t.hyper, "gamma": start})
        for t, kind, start in zip(base.trials, kinds, (1.0, 0.5, 0.5, 1.0), strict=True)
    )
    shares = {o.key: o.frozen_fraction for o in run_pack(replace(base, trials=trials))}
    assert shares == {0: pytest.approx(8 / 139), 1: 0.0, 2: pytest.approx(8 / 139), 3: 0.0}
