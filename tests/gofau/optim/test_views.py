"""A view of an optimizer is accepted wherever its optimizer is, and drives what it says."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from gofau import Gofau
from tests.each import case
from tests.gofau.cases import gradients, run, start

SHAPES = [(3,)]


def optimizer(**options: Any) -> Gofau:
    return Gofau(start(SHAPES), **options)


def advance(one: Gofau, scheduler: Any, epochs: int, *metrics: float) -> None:
    for _ in range(epochs):
        run(one, one.param_groups[0]["params"], gradients(SHAPES, 1))
        scheduler.step(*metrics)


def driven(one: Gofau) -> dict[str, float]:
    return {name: one.param_groups[0][name] for name in ("lr", "lr_out")}


def test_a_schedule_may_begin_and_end_at_zero():
    one = optimizer(lr=0.5, lr_out=0.1)
    warm = lr_scheduler.LambdaLR(one.driving("lr", "lr_out"), lambda epoch: epoch / 4)
    assert driven(one) == {"lr": 0.0, "lr_out": 0.0}
    later = lr_scheduler.CosineAnnealingLR(one.driving("lr", "lr_out"), T_max=4)
    advance(one, warm, 4)
    assert driven(one) == {"lr": 0.5, "lr_out": 0.1}
    advance(one, later, 4)
    again = one.driving("lr", "lr_out")
    again.param_groups[0]["lr"] = 1.0
    assert driven(one) == {"lr": 1.0, "lr_out": 0.2}


def test_a_view_of_a_rate_at_zero_has_the_ratio_that_was_built():
    one = optimizer(lr=0.5, lr_out=0.1)
    one.param_groups[0].update(lr=0.0, lr_out=0.0)
    view = one.driving("lr", "lr_out")
    lr_scheduler.CyclicLR(view, base_lr=0.01, max_lr=1.0, cycle_momentum=False)
    assert driven(one) == pytest.approx({"lr": 0.01, "lr_out": 0.002})


@pytest.mark.parametrize("at_zero", [False, True])
def test_a_loaded_state_brings_its_ratio(at_zero):
    saved = optimizer(lr=0.5, lr_out=0.4)
    scheduler = lr_scheduler.LambdaLR(saved.driving("lr", "lr_out"), lambda e: 1.0 - at_zero)
    advance(saved, scheduler, 1)
    one = optimizer(lr=0.5, lr_out=0.1)
    view = one.driving("lr", "lr_out")
    one.load_state_dict(saved.state_dict())
    view.param_groups[0]["lr"] = 1.0
    assert driven(one) == {"lr": 1.0, "lr_out": 0.8}


def test_a_loaded_state_without_a_view_brings_the_ratio_of_its_values():
    one = optimizer(lr=0.5, lr_out=0.1)
    view = one.driving("lr", "lr_out")
    view.load_state_dict(optimizer(lr=0.25, lr_out=0.5).state_dict())
    view.param_groups[0]["lr"] = 1.0
    assert driven(one) == {"lr": 1.0, "lr_out": 2.0}


def test_a_group_that_is_added_later_is_driven_too():
    one = optimizer(lr=0.5, lr_out=0.1)
    view = one.driving("lr", "lr_out")
    view.add_param_group({"params": start([(2,)]), "lr_out": 2.0})
    scheduler = lr_scheduler.ExponentialLR(view, 0.5)
    run(one, one.param_groups[0]["params"], gradients(SHAPES, 1))
    scheduler.step()
    assert [g["lr_out"] for g in one.param_groups] == [0.05, 1.0]


def test_a_view_is_its_optimizer_to_whoever_looks_for_it():
    one, other = optimizer(), optimizer()
    view = one.driving("lr_out")
    assert isinstance(view, torch.optim.Optimizer)
    assert view in [other, one]
    assert one == view
    assert view == one.driving("lr_out")
    assert view != other
    assert {one: "found"}[view] == "found"
    assert view.state is one.state
    assert view.defaults is one.defaults


def test_schedulers_of_views_that_drive_other_names_make_no_row():
    one = optimizer(lr=0.5, lr_out=0.1)
    warm = lr_scheduler.LinearLR(one.driving("lr_out"), 0.1, total_iters=2)
    decay = lr_scheduler.ExponentialLR(one.driving("lr"), 0.5)
    with pytest.raises(ValueError, match="same optimizer"):
        lr_scheduler.SequentialLR(one.driving("lr"), [warm, decay], [2])
    lr_scheduler.SequentialLR(one.driving("lr"), [decay], [])


def test_a_view_steps_its_optimizer_and_runs_its_hooks_once():
    one, plain = optimizer(), optimizer()
    view, calls = one.driving("lr_out"), []
    view.register_step_post_hook(lambda stepped, *_: calls.append(stepped))
    for grads in gradients(SHAPES, 3):
        for which, step in ((one, view.step), (plain, plain.step)):
            which.param_groups[0]["params"][0].grad = grads[0].clone()
            step()
    assert calls == [one] * 3
    assert torch.equal(one.param_groups[0]["params"][0], plain.param_groups[0]["params"][0])
    view.zero_grad()
    assert one.param_groups[0]["params"][0].grad is None


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_optimizers_and_schedulers_are_copied_together(copied):
    one = optimizer(lr=0.5, lr_out=0.3)
    scheduler = lr_scheduler.ExponentialLR(one.driving("lr", "lr_out"), 0.7)
    advance(one, scheduler, 2)
    other, twin = copied((one, scheduler))
    assert twin.optimizer == other
    for which, schedule in ((one, scheduler), (other, twin)):
        advance(which, schedule, 2)
    assert driven(other) == driven(one)
    advance(one, scheduler, 1)
    assert driven(other) != driven(one)


@pytest.mark.parametrize(
    "make",
    [
        lambda o, n: lr_scheduler.OneCycleLR(o, max_lr=n, total_steps=9, cycle_momentum=False),
        lambda o, n: torch.optim.swa_utils.SWALR(o, swa_lr=n, anneal_epochs=3),
    ],
)
def test_two_schedulers_of_one_kind_keep_what_they_note_apart(make):
    def rates(*names: str) -> dict[str, float]:
        one = optimizer(lr=0.5, lr_out=0.1)
        sizes = {"lr": 0.9, "lr_out": 0.05}
        made = [make(one.driving(name), sizes[name]) for name in names]
        for _ in range(4):
            run(one, one.param_groups[0]["params"], gradients(SHAPES, 1))
            for scheduler in made:
                scheduler.step()
        return driven(one)

    both = rates("lr", "lr_out")
    assert both["lr"] == rates("lr")["lr"]
    assert both["lr_out"] == rates("lr_out")["lr_out"]


EVERY: list[Callable[[Any], Any]] = [
    lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.5**epoch),
    lambda o: lr_scheduler.MultiplicativeLR(o, lambda epoch: 0.9),
    lambda o: lr_scheduler.StepLR(o, 2),
    lambda o: lr_scheduler.MultiStepLR(o, [1, 3]),
    lambda o: lr_scheduler.ConstantLR(o, 0.5, 2),
    lambda o: lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=3),
    lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    lambda o: lr_scheduler.PolynomialLR(o, 4),
    lambda o: lr_scheduler.CosineAnnealingLR(o, 3),
    lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2),
    lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=2, cycle_momentum=False),
    lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=9, cycle_momentum=False),
    lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0),
    lambda o: torch.optim.swa_utils.SWALR(o, swa_lr=0.3, anneal_epochs=3),
    lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(o, 0.1, 2), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
    lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o, 0.1, 2), lr_scheduler.ExponentialLR(o, 0.9)], [2]
    ),
]


@pytest.mark.parametrize("make", EVERY)
def test_every_scheduler_of_torch_drives_as_it_drives_torchs_own(make):
    for way in ("alias", "view", "two"):
        with case(way):
            assert_driven_as_torchs_own(make, way)


def assert_driven_as_torchs_own(make: Any, way: str) -> None:
    rule, name = ("multiplicative", "lr_out") if way == "alias" else ("hybrid", "lr")
    extra = {} if way == "alias" else {"lr_out": 0.2}
    one = optimizer(rule=rule, **{name: 0.1}, **extra)
    peer = torch.optim.SGD(start(SHAPES), lr=0.1)
    names = {"view": ("lr",), "two": ("lr", "lr_out")}.get(way, ())
    ours, theirs = make(one.driving(*names) if names else one), make(peer)
    metrics = (1.0,) if isinstance(theirs, lr_scheduler.ReduceLROnPlateau) else ()
    for _ in range(6):
        run(peer, peer.param_groups[0]["params"], gradients(SHAPES, 1))
        theirs.step(*metrics)
        advance(one, ours, 1, *metrics)
        assert one.param_groups[0][name] == pytest.approx(peer.param_groups[0]["lr"], rel=1e-12)
        if way == "two":
            assert one.param_groups[0]["lr_out"] == pytest.approx(2 * one.param_groups[0]["lr"])
        elif way == "view":
            assert one.param_groups[0]["lr_out"] == 0.2
