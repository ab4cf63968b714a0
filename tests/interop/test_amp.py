"""Automatic mixed precision and clipping: scaler, autocast and torch.func around ours."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.func import functional_call, grad

from gofau import Gofau, Wrapped
from tests.interop.resume import assert_resumes, batch, loss_of, net, plain

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "hybrid": lambda p: Gofau(p, "adam", "hybrid", lr=0.05, lr_out=0.1, zero_policy="additive"),
    "foreach": lambda p: Gofau(p, "sgd", "multiplicative", lr_out=0.1, implementation="foreach"),
    "wrapped": lambda p: Wrapped(torch.optim.Adam(p, lr=1.0), "hybrid", lr=0.05, lr_out=0.1),
}
OVERFLOWS = 2
"""The step whose gradients overflow."""
every = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())


def parts(make: Any) -> Any:
    model = net()
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=3)
    return {"model": model, "optimizer": make(model.parameters()), "scaler": scaler}


def advance(run: Any, step: int) -> None:
    model, optimizer, scaler = run["model"], run["optimizer"], run["scaler"]
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = loss_of(model, step) * (float("inf") if step == OVERFLOWS else 1.0)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    nn.utils.clip_grad_value_(model.parameters(), 0.2)
    scaler.step(optimizer)
    scaler.update()


@every
def test_a_scaled_run_resumes_and_skips_what_overflows(make: Any) -> None:
    whole = assert_resumes(partial(parts, make), advance)
    assert whole["scaler"].get_scale() == 1024.0 / 2 * 2
    run = parts(make)
    for step in range(OVERFLOWS):
        advance(run, step)
    kept = plain(run["optimizer"].state_dict()), plain(list(run["model"].parameters()))
    advance(run, OVERFLOWS)
    assert kept == (plain(run["optimizer"].state_dict()), plain(list(run["model"].parameters())))


@every
def test_gradients_of_a_functional_call_may_be_handed_over(make: Any) -> None:
    model, other = net(), net()
    optimizer, twin = make(model.parameters()), make(other.parameters())

    def loss(parameters: Any, buffers: Any, step: int) -> Any:
        x, y = batch(step)
        out = functional_call(other, (parameters, buffers), (x,))
        return nn.functional.mse_loss(out, y)

    for step in range(4):
        optimizer.zero_grad()
        loss_of(model, step).backward()
        optimizer.step()
        parameters = {k: p.detach() for k, p in other.named_parameters()}
        buffers = {k: b.clone() for k, b in other.named_buffers()}
        found = grad(loss)(parameters, buffers, step)
        for name, parameter in other.named_parameters():
            parameter.grad = found[name]
        twin.step()
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b)
