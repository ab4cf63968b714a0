"""Odd modules train in packs as they do alone in a plain loop, or are refused in words."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from gofau.packing import PackPlan, PlanError, TrialPlan, run_pack
from gofau.packing.executors import Batch
from gofau.packing.executors.vmap import VmapExecutor
from gofau.packing.plan.streams import initial_module
from gofau.packing.program import Program
from gofau.packing.stack.stack import Stack
from gofau.problems import problem
from tests.gofau.packing.executors.odd_modules import REFUSED, TRAINED
from tests.gofau.packing.killed import timeless
from tests.gofau.packing.plain import losses_separately

Plans = Callable[..., PackPlan]
STANDARD = {"weight-norm", "spectral-norm"}
"""Problems whose weights no init scale can name."""
DRAWING = {"shared-layer"}
"""Problems with dropout, which a plain loop draws otherwise."""


def given_plan(plan: Plans, name: str) -> PackPlan:
    made = plan("sgd", "additive", 5, problem=f"test-odd-{name}", epochs=3, dtype="float64")
    if name not in STANDARD:
        return made
    return replace(made, trials=tuple(replace(t, init_scale=1.0) for t in made.trials))


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("name", TRAINED)
def test_it_trains_in_packs_as_alone(plan: Plans, name: str) -> None:
    given = given_plan(plan, name)
    packed = timeless(list(run_pack(given)))
    assert {outcome.executor for outcome in packed.values()} == {TRAINED[name][0]}
    others = (
        timeless(list(run_pack(given, width=2))),
        timeless(list(run_pack(replace(given, executor="serial"), width=1))),
    )
    for key, outcome in packed.items():
        for other in others:
            for metric, curve in outcome.curves.items():
                assert curve == pytest.approx(other[key].curves[metric], rel=1e-9)
        if name not in DRAWING:
            alone = losses_separately(given, given.trials[key])
            assert outcome.curves["val_loss"][1:] == pytest.approx(alone, rel=1e-9)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_words(plan: Plans, name: str) -> None:
    with pytest.raises(PlanError) as caught:
        list(run_pack(given_plan(plan, name)))
    assert f"test-odd-{name}" in str(caught.value)
    assert REFUSED[name][1] in str(caught.value)


@pytest.mark.parametrize("name", sorted(STANDARD))
def test_no_init_scale_for_weights_that_are_no_parameters(plan: Plans, name: str) -> None:
    scaled = plan("sgd", "additive", 2, problem=f"test-odd-{name}")
    with pytest.raises(PlanError, match="expected plain weights") as caught:
        list(run_pack(scaled))
    assert str(caught.value).endswith("expected 1 for a parametrized module")


def test_a_stack_that_trains_otherwise_than_trials_alone_is_not_taken(
    plan: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = VmapExecutor.batch_losses

    def mixed(
        self: VmapExecutor, parameters: dict[str, torch.Tensor], stack: Stack, batch: Batch
    ) -> torch.Tensor:
        return compute(self, parameters, stack, batch).cumsum(0)

    monkeypatch.setattr(VmapExecutor, "batch_losses", mixed)
    monkeypatch.setattr("gofau.packing.executors.choice._tried", {})
    program = Program(plan(problem="test-tokens"))
    assert program.executor.name == "serial"
    assert program.why_not_others.endswith("not vmap: it gives another loss than trials alone")


def test_layers_of_several_names_keep_their_own_tensors(plan: Plans) -> None:
    given = given_plan(plan, "shared-layer")
    program = Program(given)
    before = {name: p.clone() for name, p in program.examined.module.named_parameters()}
    running = program.start([TrialPlan(9, 5, 2.0, given.trials[0].hyper)])
    program.steps(running, 2)
    program.evaluate(running)
    drawn = initial_module(given.problem, 0, problem(given.problem).module)
    for name, parameter in program.examined.module.named_parameters():
        assert torch.equal(parameter, before[name])
        assert torch.equal(parameter, drawn.get_parameter(name).double())
