"""Averages of weights: torch's SWA and EMA, with their own schedule and resumption."""

from functools import partial
from typing import Any

import pytest
import torch
from torch.optim import Optimizer
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

from gofau import Gofau, Wrapped
from tests.interop.resume import HALF, STEPS, Parts, assert_resumes, batch, loss_of, net


def gofau(params: Any) -> Gofau:
    return Gofau(params, direction="sgd", rule="hybrid", lr=0.1, lr_out=0.2, zero_policy="additive")


def wrapped(params: Any) -> Wrapped:
    return Wrapped(torch.optim.SGD(params, lr=1.0), "hybrid", lr=0.1, lr_out=0.2)


def parts(make: Any, view: tuple[str, ...], averaging: dict[str, Any]) -> Parts:
    model = net()
    optimizer: Optimizer = make(model.parameters())
    driven = optimizer.driving(*view) if view else optimizer
    return {
        "model": model,
        "optimizer": optimizer,
        "schedule": SWALR(driven, swa_lr=0.05, anneal_epochs=HALF, anneal_strategy="linear"),
        "average": AveragedModel(model, **averaging),
    }


def advance(parts: Any, step: int) -> None:
    parts["optimizer"].zero_grad()
    loss_of(parts["model"], step).backward()
    parts["optimizer"].step()
    parts["schedule"].step()
    parts["average"].update_parameters(parts["model"])


@pytest.mark.parametrize("averaging", [{}, {"multi_avg_fn": get_ema_multi_avg_fn(0.5)}])
@pytest.mark.parametrize("view", [(), ("lr_out",), ("lr", "lr_out")])
@pytest.mark.parametrize("make", [gofau, wrapped])
def test_an_averaged_run_resumes(make: Any, view: Any, averaging: dict[str, Any]) -> None:
    whole = assert_resumes(partial(parts, make, view, averaging), advance)
    group = whole["optimizer"].param_groups[0]
    expected = {
        (): {"lr": 0.05, "lr_out": 0.2},
        ("lr_out",): {"lr": 0.1, "lr_out": 0.05},
        ("lr", "lr_out"): {"lr": 0.05, "lr_out": 0.1},
    }[view]
    assert {name: pytest.approx(group[name]) for name in expected} == expected
    assert int(whole["average"].n_averaged) == STEPS


def test_the_statistics_of_the_average_are_gathered_anew() -> None:
    whole = parts(gofau, (), {})
    for step in range(STEPS):
        advance(whole, step)
    data = [batch(step)[0] for step in range(STEPS)]
    update_bn(data, whole["average"])
    hidden = whole["average"].module[0](torch.cat(data))
    statistics = whole["average"].module[1]
    torch.testing.assert_close(statistics.running_mean, hidden.mean(0))


def test_two_views_keep_what_their_schedules_note_in_a_group_apart() -> None:
    model = net()
    optimizer = gofau(model.parameters())
    schedules = [
        SWALR(optimizer.driving("lr"), swa_lr=0.4, anneal_epochs=2),
        SWALR(optimizer.driving("lr_out"), swa_lr=0.02, anneal_epochs=2),
    ]
    for step in range(4):
        loss_of(model, step).backward()
        optimizer.step()
        for schedule in schedules:
            schedule.step()
    group = optimizer.param_groups[0]
    assert (group["lr"], group["lr_out"]) == (pytest.approx(0.4), pytest.approx(0.02))
