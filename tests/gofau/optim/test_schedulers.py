"""Torch's learning-rate schedulers drive every step size."""

from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from gofau import GammaScheduler, Gofau
from gofau.catalog import CatalogError
from gofau.schedules import Constant, Exponential, GammaSchedule, Inverse, Random
from tests.gofau.cases import gradients, run, start

SHAPES = [(3,)]


def optimizer(**options: Any) -> Gofau:
    return Gofau(start(SHAPES), **options)


def advance(one: Gofau, scheduler: Any, epochs: int, *metrics: float) -> None:
    for _ in range(epochs):
        run(one, one.param_groups[0]["params"], gradients(SHAPES, 1))
        scheduler.step(*metrics)


def test_a_plain_scheduler_drives_lr():
    one = optimizer(rule="hybrid", lr=1.0, lr_out=0.5)
    advance(one, lr_scheduler.StepLR(one, step_size=1, gamma=0.5), 3)
    assert one.param_groups[0]["lr"] == 0.125
    assert one.param_groups[0]["lr_out"] == 0.5


def test_a_plain_scheduler_drives_the_step_size_of_a_rule_without_lr():
    one = optimizer(rule="multiplicative", lr_out=0.5)
    scheduler = lr_scheduler.StepLR(one, step_size=1, gamma=0.5)
    advance(one, scheduler, 2)
    group = one.param_groups[0]
    assert group["lr_out"] == group["lr"] == group.get("lr") == 0.125
    assert "lr" in group
    assert "lr" not in list(group)
    assert scheduler.get_last_lr() == [0.125]


@pytest.mark.parametrize("name", ["lr", "lr_in", "lr_out"])
def test_any_step_size_can_be_driven_alone(name):
    one = optimizer(rule="hybrid", lr=1.0, lr_in=1.0, lr_out=1.0)
    advance(one, lr_scheduler.ExponentialLR(one.driving(name), gamma=0.5), 2)
    group = one.param_groups[0]
    assert {n: group[n] for n in ("lr", "lr_in", "lr_out")} == {
        n: 0.25 if n == name else 1.0 for n in ("lr", "lr_in", "lr_out")
    }


def test_several_step_sizes_keep_their_ratio():
    one = optimizer(rule="hybrid", lr=0.5, lr_out=2.0)
    scheduler = lr_scheduler.CosineAnnealingLR(one.driving("lr", "lr_out"), T_max=4, eta_min=0.0)
    for _ in range(4):
        advance(one, scheduler, 1)
        assert one.param_groups[0]["lr_out"] == 4 * one.param_groups[0]["lr"]
    assert one.param_groups[0]["lr"] == pytest.approx(0.0)


def test_two_schedulers_drive_one_group():
    one = optimizer(rule="hybrid", lr=1.0, lr_out=1.0)
    first = lr_scheduler.ExponentialLR(one.driving("lr"), gamma=0.5)
    second = lr_scheduler.StepLR(one.driving("lr_out"), step_size=2, gamma=0.1)
    for _ in range(2):
        advance(one, first, 1)
        second.step()
    assert one.param_groups[0]["lr"] == 0.25
    assert one.param_groups[0]["lr_out"] == pytest.approx(0.1)


@pytest.mark.parametrize("direction", ["sgd", "rmsprop"])
def test_one_cycle_cycles_the_momentum_too(direction):
    one = optimizer(direction=direction, rule="additive", lr=0.1, momentum=0.9)
    scheduler = lr_scheduler.OneCycleLR(one, max_lr=0.1, total_steps=9)
    assert one.param_groups[0]["momentum"] == 0.95
    advance(one, scheduler, 3)
    assert 0.85 <= one.param_groups[0]["momentum"] < 0.95


def test_a_plateau_reduces_the_driven_step_size():
    one = optimizer(rule="hybrid", lr_out=1.0)
    advance(one, lr_scheduler.ReduceLROnPlateau(one.driving("lr_out"), patience=0), 3, 1.0)
    assert one.param_groups[0]["lr_out"] == pytest.approx(0.01)


def test_a_scheduler_that_steps_first_is_warned_as_always():
    one = optimizer()
    scheduler = lr_scheduler.ExponentialLR(one.driving("lr_out"), 0.5)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before"):
        scheduler.step()


def test_a_resumed_run_equals_an_uninterrupted_one():
    def build() -> tuple[Gofau, Any]:
        one = optimizer(rule="hybrid", lr=0.5, lr_out=0.1)
        return one, lr_scheduler.CosineAnnealingLR(one.driving("lr", "lr_out"), T_max=6)

    whole, schedule = build()
    advance(whole, schedule, 6)
    half, first = build()
    advance(half, first, 3)
    resumed, second = build()
    resumed.param_groups[0]["params"][0].data.copy_(half.param_groups[0]["params"][0])
    resumed.load_state_dict(half.state_dict())
    second.load_state_dict(first.state_dict())
    advance(resumed, second, 3)
    for name in ("lr", "lr_out"):
        assert resumed.param_groups[0][name] == whole.param_groups[0][name]
    assert torch.equal(resumed.param_groups[0]["params"][0], whole.param_groups[0]["params"][0])


FAILING = [
    (
        (),
        "param_groups[0].driving: got (), expected at least one of: lr, lr_in, lr_out, gamma",
    ),
    (("beta9",), "driving: got 'beta9', expected a number of at least one parameter group"),
]


@pytest.mark.parametrize(("names", "message"), FAILING)
def test_names_that_cannot_be_driven_are_refused(names, message):
    with pytest.raises(CatalogError) as caught:
        optimizer().driving(*names)
    assert str(caught.value) == message


def test_a_group_drives_the_names_that_it_has():
    first, second = start([(2,), (2,)])
    groups = [{"params": [first]}, {"params": [second], "rule": "additive"}]
    one = Gofau(groups, lr=1.0, lr_out=0.5)
    lr_scheduler.LambdaLR(one.driving("lr_out", "lr"), lambda epoch: 0.5)
    assert [g["lr"] for g in one.param_groups] == [0.5, 0.5]
    assert one.param_groups[0]["lr_out"] == 0.25
    with pytest.raises(
        CatalogError, match=r"param_groups\[1\]\.driving: got \('lr_out',\), expect"
    ):
        one.driving("lr_out")


def test_a_ratio_to_a_tensor_is_refused():
    tensor = optimizer(lr=torch.tensor(0.1))
    with pytest.raises(CatalogError, match="expected Python numbers, to drive several names at"):
        tensor.driving("lr", "lr_out")


SCHEDULES: list[tuple[GammaSchedule, list[float]]] = [
    (Constant(0.3), [0.3, 0.3, 0.3, 0.3]),
    (Exponential(0.5, patience=1), [1.0, 0.5, 0.25, 0.125]),
    (Exponential(0.5), [0.5, 0.25, 0.125, 0.0625]),
    (Inverse(0.5, patience=2), [0.0, 0.0, 0.5, 0.75]),
]


@pytest.mark.parametrize(("schedule", "expected"), SCHEDULES, ids=repr)
def test_gamma_follows_its_schedule(schedule, expected):
    one = optimizer()
    scheduler = GammaScheduler(one, schedule)
    seen = [one.param_groups[0]["gamma"]]
    for _ in expected[1:]:
        scheduler.step()
        seen.append(one.param_groups[0]["gamma"])
    assert seen == expected


def test_random_gamma_comes_from_its_generator_and_is_kept():
    schedules = [Random(torch.Generator().manual_seed(7)) for _ in range(2)]
    forward = [schedules[0].value(e) for e in range(40)]
    backward = [schedules[1].value(e) for e in reversed(range(40))][::-1]
    assert forward == backward
    assert set(forward) == {0.0, 1.0}


def test_a_resumed_random_gamma_goes_on():
    whole = GammaScheduler(optimizer(), Random(torch.Generator().manual_seed(3)))
    half = GammaScheduler(optimizer(), Random(torch.Generator().manual_seed(3)))
    for _ in range(5):
        half.step()
    resumed = GammaScheduler(optimizer(), Random(torch.Generator().manual_seed(99)))
    resumed.load_state_dict(half.state_dict())
    for _ in range(5):
        whole.step()
    for _ in range(20):
        whole.step()
        resumed.step()
        assert (
            resumed.optimizer.param_groups[0]["gamma"] == whole.optimizer.param_groups[0]["gamma"]
        )


def test_a_tensor_gamma_is_written_in_place():
    gamma = torch.tensor(0.5)
    one = optimizer(gamma=gamma, capturable=True)
    GammaScheduler(one, Constant(0.25))
    assert one.param_groups[0]["gamma"] is gamma
    assert gamma.item() == 0.25


GAMMA_FAILING = [
    (lambda: Constant(1.5), "gamma: got 1.5, expected a finite number in [0, 1]"),
    (lambda: Exponential(0.5, patience=-1), "patience: got -1, expected an integer >= 0"),
    (lambda: Inverse(float("nan")), "gamma: got nan, expected a finite number in [0, 1]"),
    (
        lambda: GammaScheduler(optimizer(rule="additive"), Constant(0.5)),
        "rule: got ['additive'], expected a group of the hybrid rule, which has gamma",
    ),
]


@pytest.mark.parametrize(("make", "message"), GAMMA_FAILING, ids=[m for _, m in GAMMA_FAILING])
def test_schedules_that_cannot_be_are_refused(make, message):
    with pytest.raises(CatalogError) as caught:
        make()
    assert str(caught.value) == message
