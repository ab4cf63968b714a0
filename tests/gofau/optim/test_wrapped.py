"""Any additive torch optimizer as a direction."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from gofau import Gofau, Wrapped
from gofau.errors import StateError
from tests.each import case
from tests.gofau.cases import RULES, gradients, run, start

SHAPES = [(3, 2), (4,), (2, 2)]
Make = Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]

INNER: list[tuple[str, Make]] = [
    ("SGD", lambda p: torch.optim.SGD(p, lr=1.0, momentum=0.9)),
    ("Adam", lambda p: torch.optim.Adam(p, lr=1.0)),
    ("NAdam", lambda p: torch.optim.NAdam(p, lr=1.0)),
    ("RAdam", lambda p: torch.optim.RAdam(p, lr=1.0)),
    ("Adamax", lambda p: torch.optim.Adamax(p, lr=1.0)),
    ("Adadelta", lambda p: torch.optim.Adadelta(p, lr=1.0)),
    ("Rprop", lambda p: torch.optim.Rprop(p, lr=0.1)),
    ("ASGD", lambda p: torch.optim.ASGD(p, lr=0.1)),
    ("AdamW", lambda p: torch.optim.AdamW(p, lr=1.0, weight_decay=0.1)),
    ("AdamW-foreach", lambda p: torch.optim.AdamW(p, lr=1.0, weight_decay=0.1, foreach=True)),
    ("SGD-fused", lambda p: torch.optim.SGD(p, lr=1.0, momentum=0.9, fused=True)),
    ("Adafactor", lambda p: torch.optim.Adafactor(p, lr=0.1, weight_decay=0.1)),
]
inner = pytest.mark.parametrize("make", [m for _, m in INNER], ids=[n for n, _ in INNER])


@inner
def test_the_additive_rule_at_rate_one_is_the_inner_optimizer(make):
    grads = gradients(SHAPES, 10)
    params, plain = start(SHAPES), start(SHAPES)
    got = run(Wrapped(make(params), "additive", lr=1.0), params, grads)
    expected = run(make(plain), plain, grads)
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)


@inner
def test_every_inner_optimizer_works_with_every_rule(make):
    for name, options in RULES:
        params = start(SHAPES)
        before = [p.detach().clone() for p in params]
        optimizer = Wrapped(make(params), name, **options)
        after = run(optimizer, params, gradients(SHAPES, 3))
        for old, new in zip(before, after, strict=True):
            with case(name):
                assert torch.isfinite(new).all()
                assert not torch.equal(old, new)


@pytest.mark.parametrize(
    ("direction", "make"),
    [
        ("sgd", lambda p: torch.optim.SGD(p, lr=1.0)),
        ("adam", lambda p: torch.optim.Adam(p, lr=1.0)),
        ("rmsprop", lambda p: torch.optim.RMSprop(p, lr=1.0)),
    ],
)
def test_wrapping_equals_our_own_direction_from_the_same_start(direction, make):
    grads = gradients(SHAPES, 5)
    for name, options in RULES:
        params, ours = start(SHAPES), start(SHAPES)
        got = run(Wrapped(make(params), name, **options), params, grads)
        expected = run(Gofau(ours, direction, name, **options), ours, grads)
        with case(name):
            torch.testing.assert_close(got, expected, rtol=1e-11, atol=1e-12)


def test_lbfgs_gets_its_closure():
    weight = torch.nn.Parameter(torch.tensor([3.0, -2.0], dtype=torch.float64))
    optimizer = Wrapped(torch.optim.LBFGS([weight], lr=1.0), "additive", lr=1.0)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = ((weight - 1) ** 2).sum()
        loss.backward()
        return loss

    assert torch.equal(optimizer.step(closure), torch.tensor(13.0, dtype=torch.float64))
    torch.testing.assert_close(weight.detach(), torch.ones(2, dtype=torch.float64))


def test_groups_and_missing_gradients():
    first, second = start([(2,), (2,)])
    inner = torch.optim.SGD([{"params": [first]}, {"params": [second], "lr": 3.0}], lr=1.0)
    optimizer = Wrapped(inner, "additive", lr=0.1)
    kept = second.detach().clone()
    before = first.detach().clone()
    first.grad = torch.ones_like(first)
    optimizer.step()
    torch.testing.assert_close(first.detach(), before - 0.1)
    assert torch.equal(second, kept)
    second.grad = torch.ones_like(second)
    optimizer.step()
    torch.testing.assert_close(second.detach(), kept - 0.3)


def build(params: list[torch.nn.Parameter], rule: str = "madam") -> Wrapped:
    return Wrapped(torch.optim.RAdam(params, lr=1.0), rule, lr=0.1)


@pytest.mark.parametrize("way", ["state_dict", "deepcopy"])
def test_a_resumed_run_equals_an_uninterrupted_one(way):
    grads = gradients(SHAPES, 6)
    params = start(SHAPES)
    optimizer = build(params)
    run(optimizer, params, grads[:3])
    other: Any
    if way == "deepcopy":
        other = copy.deepcopy(optimizer)
        again = other.param_groups[0]["params"]
        assert other.inner.param_groups[0]["params"][0] is again[0]
    else:
        again = [torch.nn.Parameter(p.detach().clone()) for p in params]
        other = build(again)
        other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    expected = run(optimizer, params, grads[3:])
    torch.testing.assert_close(run(other, again, grads[3:]), expected, rtol=0, atol=0)


def test_a_state_of_another_rule_is_refused():
    optimizer = build(start(SHAPES))
    with pytest.raises(
        StateError, match=r"param_groups\[0\].rule: got 'madam', expected 'additive'"
    ):
        build(start(SHAPES), "additive").load_state_dict(copy.deepcopy(optimizer.state_dict()))


def test_schedulers_drive_the_rule():
    params = start(SHAPES)
    optimizer = build(params)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    driven = lr_scheduler.ExponentialLR(optimizer.driving("p_scale"), 0.5)
    run(optimizer, params, gradients(SHAPES, 1))
    scheduler.step()
    driven.step()
    assert optimizer.param_groups[0]["lr"] == 0.05
    assert optimizer.param_groups[0]["p_scale"] == 1.5
    assert optimizer.inner.param_groups[0]["lr"] == 1.0
