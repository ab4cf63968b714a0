"""What a wrapped optimizer does with its inner one: small steps, states, groups, hooks."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.optim import lr_scheduler
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils._python_dispatch import TorchDispatchMode

from gofau import Gofau, Wrapped
from gofau.errors import StateError, UnsupportedError
from tests.gofau.cases import gradients, run, start

SHAPES = [(3, 2), (4,)]


class Plain(torch.optim.Optimizer):
    """Somebody else's descent, through ``data`` as older code does it."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, {"lr": 1.0})

    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for param in group["params"]:
                param.data.add_(param.grad.data, alpha=-group["lr"])


class Unseen(Plain):
    """Descent past torch's operators, as a library of kernels does it."""

    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for param in group["params"]:
                param.detach().numpy()[...] -= param.grad.numpy()


SMALL: list[tuple[str, Callable[[Any], torch.optim.Optimizer]]] = [
    ("single", lambda p: torch.optim.SGD(p, lr=1.0, foreach=False)),
    ("foreach", lambda p: torch.optim.SGD(p, lr=1.0, foreach=True)),
    ("fused", lambda p: torch.optim.SGD(p, lr=1.0, fused=True)),
    ("third", Plain),
]
DIRECT = [
    (torch.bfloat16, 0.2, "multiplicative", {"lr_out": 0.1}, 5, 90.0),
    (torch.float32, 1e-6, "exponentiated_gradient", {"lr": 1000.0}, 100, 90.4837),
    (torch.float64, 1e-16, "exponentiated_gradient", {"lr": 1e13}, 100, 90.4837),
    (torch.float64, 1e-30, "hypentropy", {"lr": 1e27, "beta": 1e-3}, 100, 90.4837),
]


@pytest.mark.parametrize("make", [m for _, m in SMALL], ids=[n for n, _ in SMALL])
@pytest.mark.parametrize("case", DIRECT, ids=lambda case: f"{case[0]}-{case[2]}")
def test_steps_that_are_small_beside_a_parameter_count(make, case):
    dtype, size, rule, options, steps, expected = case
    param, own = (nn.Parameter(torch.full((2,), 100.0, dtype=dtype)) for _ in range(2))
    optimizer = Wrapped(make([param]), rule, **options)
    ours = Gofau([own], "sgd", rule, implementation="loop", **options)
    for _ in range(steps):
        param.grad, own.grad = torch.full_like(param, size), torch.full_like(param, size)
        optimizer.step()
        ours.step()
    torch.testing.assert_close(param, own)
    assert param[0].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("foreach", [False, True])
def test_decay_that_is_small_beside_a_parameter_counts(foreach):
    """u is lr·λ·θ where the gradient is zero, though θ·(1 − lr·λ) rounds to θ."""
    param = nn.Parameter(torch.full((3,), 2.0))
    inner = torch.optim.AdamW([param], lr=1.0, weight_decay=1e-9, foreach=foreach)
    optimizer = Wrapped(inner, "exponentiated_gradient", lr=1e8)
    param.grad = torch.zeros(3)
    optimizer.step()
    torch.testing.assert_close(param.detach(), torch.full((3,), 2.0).mul(torch.tensor(-0.2).exp()))


def test_what_no_operator_shows_is_taken_from_the_difference():
    grads = gradients(SHAPES, 4)
    params, seen = start(SHAPES), start(SHAPES)
    got = run(Wrapped(Unseen(params), "multiplicative", lr_out=0.1), params, grads)
    expected = run(Wrapped(Plain(seen), "multiplicative", lr_out=0.1), seen, grads)
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-13)


def test_parameters_of_one_memory_add_up():
    first = nn.Parameter(torch.zeros(2, 3))
    second = nn.Parameter(first.data.t())
    optimizer = Wrapped(torch.optim.SGD([first, second], lr=1.0), "additive", lr=0.1)
    first.grad, second.grad = torch.ones(2, 3), torch.ones(3, 2)
    optimizer.step()
    torch.testing.assert_close(first.detach(), torch.full((2, 3), -0.2))


def adam(params: Any, **options: Any) -> Wrapped:
    rates = {"rule": "madam", "lr": 0.1, "zero_policy": "additive", **options}
    return Wrapped(torch.optim.Adam(params, lr=1.0), **rates)


def model(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    nn.init.zeros_(net[0].bias)
    return net


def train(net: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> None:
    inputs = gradients([(5, 3)], 8)
    for number in steps:
        optimizer.zero_grad()
        net(inputs[number][0]).square().sum().backward()
        optimizer.step()


@pytest.mark.parametrize("flat", [False, True])
def test_a_distributed_checkpoint_holds_and_restores_the_whole_state(flat):
    options = StateDictOptions(flatten_optimizer_state_dict=flat)
    whole, half = model(), model()
    train(whole, adam(whole.parameters()), range(6))
    optimizer = adam(half.parameters())
    train(half, optimizer, range(3))
    stored = copy.deepcopy(get_optimizer_state_dict(half, optimizer, options=options))
    names = {"step", "exp_avg", "exp_avg_sq", "rule.bound", "zero_initialised"}
    if flat:
        assert {k.rsplit(".weight.")[-1] for k in stored if k.startswith("state.0.weight")} == names
    else:
        assert set(stored["state"]["0.weight"]) == names
        assert stored["param_groups"][0]["inner"]["betas"] == (0.9, 0.999)
    resumed = model(1)
    resumed.load_state_dict(copy.deepcopy(half.state_dict()))
    other = adam(resumed.parameters())
    set_optimizer_state_dict(resumed, other, stored, options=options)
    train(resumed, other, range(3, 6))
    torch.testing.assert_close(resumed.state_dict(), whole.state_dict(), rtol=0, atol=0)


def test_preparing_a_checkpoint_moves_nothing():
    net = model()
    before = copy.deepcopy(net.state_dict())
    inner = torch.optim.AdamW(net.parameters(), lr=1.0, weight_decay=0.1)
    optimizer = Wrapped(inner, "hybrid", lr=0.1, lr_out=0.1)
    stored = get_optimizer_state_dict(net, optimizer)
    torch.testing.assert_close(net.state_dict(), before, rtol=0, atol=0)
    assert "exp_avg" in stored["state"]["0.weight"]


def test_inner_options_and_low_precision_counts_are_restored():
    params = [nn.Parameter(torch.ones(3, dtype=torch.bfloat16))]
    optimizer = adam(params)
    scheduler = lr_scheduler.ExponentialLR(optimizer.inner, 0.5)
    params[0].grad = torch.ones_like(params[0])
    for _ in range(2):
        optimizer.step()
        scheduler.step()
    optimizer.state[params[0]]["step"].fill_(1001.0)
    state = copy.deepcopy(optimizer.state_dict())
    other = adam([nn.Parameter(torch.ones(3, dtype=torch.bfloat16))])
    other.load_state_dict(state)
    param = other.param_groups[0]["params"][0]
    assert other.inner.param_groups[0]["lr"] == 0.25
    assert other.state[param]["step"].item() == 1001.0
    assert other.state[param]["rule.bound"].dtype == torch.bfloat16
    assert "inner" not in other.param_groups[0]


def test_a_state_of_format_1_is_loaded():
    grads = gradients(SHAPES, 6)
    params = start(SHAPES)
    params[1].data.zero_()
    optimizer = adam(params)
    run(optimizer, params, grads[:3])
    now = copy.deepcopy(optimizer.state_dict())
    inner = {
        "state": {},
        "param_groups": [{**now["param_groups"][0].pop("inner"), "params": [0, 1]}],
    }
    for i, state in now["state"].items():
        inner["state"][i] = {k: state[k] for k in ("step", "exp_avg", "exp_avg_sq")}
        now["state"][i] = {"step": torch.tensor(3.0)}
        if "rule.bound" in state:
            now["state"][i]["bound"] = state["rule.bound"]
    now["param_groups"][0]["zero_initialised"] = [1]
    old = {**now, "inner": inner, "format": 1}
    others = [nn.Parameter(p.detach().clone()) for p in params]
    resumed = adam(others)
    resumed.load_state_dict(old)
    expected = run(optimizer, params, grads[3:])
    torch.testing.assert_close(run(resumed, others, grads[3:]), expected, rtol=0, atol=0)


@pytest.mark.parametrize("spoil", [lambda s: s["param_groups"][0].update(rule="additive")])
def test_a_state_that_does_not_fit_leaves_the_inner_optimizer_alone(spoil):
    params = start(SHAPES)
    optimizer = adam(params)
    run(optimizer, params, gradients(SHAPES, 1))
    state = copy.deepcopy(optimizer.state_dict())
    state["param_groups"][0]["inner"]["lr"] = 7.0
    spoil(state)
    with pytest.raises(StateError):
        optimizer.load_state_dict(state)
    assert optimizer.inner.param_groups[0]["lr"] == 1.0


def test_a_hook_that_clears_gradients_changes_nothing():
    grads = gradients(SHAPES, 3)
    params, plain = start(SHAPES), start(SHAPES)
    inner = torch.optim.SGD(params, lr=1.0, momentum=0.9)
    inner.register_step_post_hook(lambda one, *_: one.zero_grad())
    got = run(Wrapped(inner, "multiplicative", lr_out=0.01), params, grads)
    peer = torch.optim.SGD(plain, lr=1.0, momentum=0.9)
    expected = run(Wrapped(peer, "multiplicative", lr_out=0.01), plain, grads)
    torch.testing.assert_close(got, expected, rtol=0, atol=0)


@pytest.mark.parametrize("everywhere", [False, True])
def test_what_a_hook_does_to_part_of_a_parameter_belongs_to_the_step(everywhere):
    weight = nn.Parameter(torch.full((3,), 2.0))
    inner = torch.optim.SGD([weight], lr=1.0)
    optimizer = Wrapped(inner, "additive", lr=1.0)

    def halve_first(stepped: Any, *_: Any) -> None:
        if stepped is inner:
            weight.data[0].mul_(0.5)

    handle = (
        register_optimizer_step_post_hook(halve_first)
        if everywhere
        else inner.register_step_post_hook(halve_first)
    )
    weight.grad = torch.full((3,), 0.5)
    try:
        optimizer.step()
    finally:
        handle.remove()
    assert weight.tolist() == [0.75, 1.5, 1.5]


def test_hooks_of_both_optimizers_run_once_and_in_order():
    params, calls = start(SHAPES), []
    optimizer = Wrapped(torch.optim.SGD(params, lr=1.0), "additive", lr=0.1)
    for name, one in (("outer", optimizer), ("inner", optimizer.inner)):
        one.register_step_pre_hook(lambda *_, name=name: calls.append(f"{name} before"))
        one.register_step_post_hook(lambda *_, name=name: calls.append(f"{name} after"))
    run(optimizer, params, gradients(SHAPES, 1))
    assert calls == ["outer before", "inner before", "inner after", "outer after"]


def test_an_inner_step_that_fails_is_taken_back():
    params = start(SHAPES)
    inner = torch.optim.SGD(params, lr=1.0)

    def broken(*_: Any) -> None:
        raise MemoryError

    inner.register_step_post_hook(broken)
    optimizer = Wrapped(inner, "multiplicative", lr_out=0.1)
    before = [p.detach().clone() for p in params]
    with pytest.raises(MemoryError):
        run(optimizer, params, gradients(SHAPES, 1))
    for old, param in zip(before, params, strict=True):
        assert torch.equal(param, old)


@pytest.mark.parametrize("whole", [False, True])
def test_a_compiled_step_is_the_step(whole):
    results = []
    for compiled in (False, True):
        net = model()
        optimizer = adam(net.parameters())
        inputs = gradients([(5, 3)], 1)[0][0]

        def once(net=net, optimizer=optimizer, inputs=inputs) -> None:
            optimizer.zero_grad()
            net(inputs).square().sum().backward()
            optimizer.step()

        if compiled and whole:
            once = torch.compile(once, backend="eager")
        elif compiled:
            optimizer.step = torch.compile(optimizer.step, backend="eager")  # type: ignore[method-assign]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(3):
                once()
        results.append(net.state_dict())
    torch.testing.assert_close(results[1], results[0])


class Sizes(TorchDispatchMode):
    """The numbers of elements of all tensors that operators return."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[int] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.seen.add(out.numel())
        return out


def test_frozen_parameters_of_any_kind_are_left_alone():
    frozen = [torch.ones(1000), torch.ones(1001, dtype=torch.int8), torch.ones(7) + 0j]
    params = [*start([(3,)]), *(nn.Parameter(x, requires_grad=False) for x in frozen)]
    optimizer = Wrapped(torch.optim.SGD(params, lr=1.0), "multiplicative", lr_out=0.1)
    params[0].grad = torch.ones_like(params[0])
    with Sizes() as sizes:
        optimizer.step()
    assert 3 in sizes.seen
    assert not {1000, 1001, 7} & sizes.seen


def test_complex_parameters_and_differentiable_steps_are_refused():
    weight = nn.Parameter(torch.ones(2, dtype=torch.complex64))
    message = r"param_groups\[0\]\.params\[0\]: got dtype torch.complex64, expected a real"
    with pytest.raises(UnsupportedError, match=message):
        Wrapped(torch.optim.SGD([weight], lr=1.0), "additive", lr=0.1)
    still = nn.Parameter(weight.detach(), requires_grad=False)
    optimizer = Wrapped(torch.optim.SGD([still], lr=1.0), "additive", lr=0.1)
    still.requires_grad_()

    def closure() -> torch.Tensor:
        loss = still.abs().sum()
        loss.backward()
        return loss

    with pytest.raises(UnsupportedError, match=message):
        optimizer.step(closure)
    assert torch.equal(still, weight)
    with pytest.raises(UnsupportedError, match=r"Wrapped\.inner: got differentiable=True"):
        Wrapped(torch.optim.SGD(start([(2,)]), lr=1.0, differentiable=True), "additive", lr=0.1)


def test_the_closure_of_an_inner_optimizer_sees_the_parameters_as_they_are():
    grads = []
    results = []
    for wrap in (False, True):
        weight = nn.Parameter(torch.tensor([3.0, -2.0], dtype=torch.float64))
        inner = torch.optim.LBFGS([weight], lr=0.5, max_iter=4, line_search_fn="strong_wolfe")
        optimizer = Wrapped(inner, "additive", lr=1.0) if wrap else inner

        def closure(weight=weight, optimizer=optimizer) -> torch.Tensor:
            optimizer.zero_grad()
            loss = ((weight - 1) ** 4).sum()
            loss.backward()
            grads.append(weight.grad.clone())
            return loss

        for _ in range(3):
            optimizer.step(closure)
        results.append(weight.detach())
    torch.testing.assert_close(results[1], results[0], rtol=1e-10, atol=1e-10)
    assert len(grads) > 8
