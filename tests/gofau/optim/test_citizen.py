"""Gofau behaves as a torch optimizer: groups, closures, scaling, copying, dtypes, hooks."""

import copy
import io
import pickle
from functools import partial

import pytest
import torch

from gofau import Gofau
from tests.gofau.cases import gradients, run, start

SHAPES = [(3, 2), (2,)]


def test_groups_have_their_own_direction_rule_and_options():
    weight, bias, other = start([(3, 2), (2,), (4,)])
    optimizer = Gofau(
        [
            {"params": [weight]},
            {"params": [bias], "rule": "additive", "lr": 0.5, "name": "biases"},
            {"params": [other], "direction": "sgd", "weight_decay": 0.1},
        ],
        direction="adagrad",
        rule="hybrid",
        lr=0.1,
        lr_out=0.2,
        eps=1e-6,
    )
    first, second, third = optimizer.param_groups
    assert (first["rule"], first["lr"], first["lr_out"], first["eps"]) == ("hybrid", 0.1, 0.2, 1e-6)
    assert (second["rule"], second["lr"], second["name"]) == ("additive", 0.5, "biases")
    assert "lr_out" not in second
    assert (third["direction"], third["lr"], third["weight_decay"]) == ("sgd", 0.1, 0.1)
    assert (third["momentum"], "eps" in third) == (0.0, False)
    assert optimizer.defaults["lr"] == 0.1


def test_a_group_equals_an_optimizer_of_its_own():
    grads = gradients(SHAPES, 4)
    together, apart = start(SHAPES), start(SHAPES)
    groups = [
        {"params": together[:1], "rule": "multiplicative", "lr_out": 0.1},
        {"params": together[1:], "direction": "sgd", "rule": "additive", "lr": 0.2},
    ]
    got = run(Gofau(groups), together, grads)
    first = run(
        Gofau(apart[:1], rule="multiplicative", lr_out=0.1), apart[:1], [g[:1] for g in grads]
    )
    second = run(Gofau(apart[1:], "sgd", "additive", lr=0.2), apart[1:], [g[1:] for g in grads])
    torch.testing.assert_close(got, first + second, rtol=0, atol=0)


def test_the_dictionaries_of_groups_can_be_used_again():
    groups = [{"params": start([(2,)]), "weight_decay": 0.5}]
    Gofau(groups, rule="hybrid")
    assert set(groups[0]) == {"params", "weight_decay"}
    assert Gofau(groups, rule="additive").param_groups[0]["weight_decay"] == 0.5


def test_another_direction_brings_its_own_defaults():
    group = {"params": start([(2,)]), "direction": "adagrad"}
    optimizer = Gofau([group], direction="adam", lr=0.3)
    assert optimizer.param_groups[0]["eps"] == 1e-10
    assert optimizer.param_groups[0]["lr"] == 0.3


@pytest.mark.parametrize(
    ("direction", "size"), [("adam", 1e-3), ("adamw", 1e-3), ("rmsprop", 1e-2), ("adagrad", 1e-2)]
)
def test_step_sizes_default_to_the_directions_usual_one(direction, size):
    group = Gofau(start([(2,)]), direction).param_groups[0]
    assert (group["lr"], group["lr_out"], group["lr_in"], group["gamma"]) == (size, size, 1.0, 0.5)


def test_parameters_without_gradient_stay_and_have_no_state():
    used, unused = start(SHAPES)
    optimizer = Gofau([used, unused])
    used.grad = torch.ones_like(used)
    kept = unused.detach().clone()
    optimizer.step()
    assert torch.equal(unused, kept)
    assert unused not in optimizer.state


def test_named_parameters_keep_their_names():
    model = torch.nn.Linear(2, 1)
    optimizer = Gofau(model.named_parameters())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]


def test_a_closure_is_evaluated_with_gradients_and_its_loss_returned():
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    optimizer = Gofau([weight], "sgd", "additive", lr=0.25)

    def closure() -> float:
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss.item()

    with torch.no_grad():
        assert optimizer.step(closure) == 4.0
    assert weight.item() == 1.0
    assert optimizer.step() is None


def test_the_gradient_scaler_unscales_and_skips():
    weight = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = Gofau([weight], "sgd", "additive", lr=0.5)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    scaler.scale((weight * torch.tensor([1.0, -1.0])).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert weight.tolist() == [0.5, 2.5]
    optimizer.zero_grad()
    scaler.scale((weight * float("inf")).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert weight.tolist() == [0.5, 2.5]
    assert scaler.get_scale() == 512.0


@pytest.mark.parametrize("implementation", ["loop", "foreach"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_low_precision_parameters_keep_their_dtype_and_learn(dtype, implementation):
    target = torch.tensor([1.0, -2.0, 0.5], dtype=dtype)
    weight = torch.nn.Parameter(torch.full((3,), 3.0, dtype=dtype))
    # A step that loses more than a mantissa bit of a parameter would be rounded away.
    optimizer = Gofau(
        [weight], "adam", "hybrid", lr=0.1, lr_out=0.1, eps=1e-4, implementation=implementation
    )
    for _ in range(100):
        optimizer.zero_grad()
        ((weight - target) ** 2).sum().backward()
        optimizer.step()
    assert weight.dtype == dtype
    states = optimizer.state[weight]
    assert {v.dtype for k, v in states.items() if k != "step"} == {dtype}
    torch.testing.assert_close(weight.detach(), target, rtol=0.1, atol=0.1)


def copies(optimizer: Gofau) -> list[Gofau]:
    deep = copy.deepcopy(optimizer)
    pickled = pickle.loads(pickle.dumps(optimizer))
    buffer = io.BytesIO()
    torch.save(optimizer, buffer)
    buffer.seek(0)
    return [deep, pickled, torch.load(buffer, weights_only=False)]


@pytest.mark.parametrize("rule", ["hybrid", "multiplicative", "madam"])
def test_copies_go_on_as_the_original(rule):
    grads = gradients(SHAPES, 6)
    params = start(SHAPES)
    optimizer = Gofau(params, "adam", rule, weight_decay=0.01)
    run(optimizer, params, grads[:3])
    others = copies(optimizer)
    expected = run(optimizer, params, grads[3:])
    for other in others:
        copied = other.param_groups[0]["params"]
        assert all(c is not p for c, p in zip(copied, params, strict=True))
        torch.testing.assert_close(run(other, copied, grads[3:]), expected, rtol=0, atol=0)
        assert other.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]


def test_a_copy_accepts_further_groups():
    params = start(SHAPES)
    optimizer = copy.deepcopy(Gofau(params[:1], rule="multiplicative", lr_out=0.3))
    optimizer.add_param_group({"params": params[1:]})
    assert optimizer.param_groups[1]["lr_out"] == 0.3


def test_a_compiled_training_step_may_hold_the_optimizers():
    torch.manual_seed(0)
    models = [torch.nn.Linear(3, 1) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    optimizers = [Gofau(m.parameters(), rule="multiplicative", lr_out=0.1) for m in models]
    inputs = torch.randn(8, 3)

    def train(model: torch.nn.Module, optimizer: Gofau) -> None:
        optimizer.zero_grad()
        (model(inputs) ** 2).mean().backward()
        optimizer.step()

    compiled = torch.compile(train, backend="eager")
    for _ in range(3):
        train(models[0], optimizers[0])
        compiled(models[1], optimizers[1])
    torch.testing.assert_close(models[1].state_dict(), models[0].state_dict())


def test_hooks_run_around_the_step():
    params = start(SHAPES)
    optimizer = Gofau(params)
    calls: list[str] = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    run(optimizer, params, gradients(SHAPES, 1))
    assert calls == ["before", "after"]


def test_an_option_turned_on_later_starts_its_state():
    params = start(SHAPES)
    optimizer = Gofau(params, "sgd", "additive", lr=0.1)
    run(optimizer, params, gradients(SHAPES, 2))
    optimizer.param_groups[0]["momentum"] = 0.9
    run(optimizer, params, gradients(SHAPES, 2))
    assert optimizer.state[params[0]]["momentum_buffer"].shape == params[0].shape


def test_foreach_hook_per_parameter_is_possible():
    """The step inside the backward pass: one optimizer a parameter."""
    params = start(SHAPES)
    own = {p: Gofau([p], "sgd", "additive", lr=0.1) for p in params}

    def step(optimizer: Gofau, param: torch.Tensor) -> None:
        optimizer.step()
        optimizer.zero_grad()

    for param, optimizer in own.items():
        param.register_post_accumulate_grad_hook(partial(step, optimizer))
    before = [p.detach().clone() for p in params]
    sum(p.sum() for p in params).backward()
    for old, new in zip(before, params, strict=True):
        torch.testing.assert_close(new.detach(), old - 0.1)
        assert new.grad is None


def test_repr_names_the_direction_and_the_rule():
    text = repr(Gofau(start([(2,)]), "rmsprop", "multiplicative"))
    assert text.startswith("Gofau (")
    assert "direction: rmsprop" in text
    assert "lr_out: 0.01" in text
    assert "rule: multiplicative" in text


def test_a_first_step_at_rate_zero_without_gradients_only_starts_the_state():
    """As torch's distributed checkpoint prepares an optimizer before it loads a state."""
    params = start(SHAPES)
    before = [p.detach().clone() for p in params]
    optimizer = Gofau(params, "adam", "hybrid", weight_decay=0.1)
    optimizer.param_groups[0]["lr"] = 0.0
    zeros = [[torch.zeros(shape) for shape in SHAPES]]
    torch.testing.assert_close(run(optimizer, params, zeros), before, rtol=0, atol=0)
    assert set(optimizer.state[params[0]]) == {"step", "exp_avg", "exp_avg_sq"}
    moved = run(optimizer, params, zeros)
    assert not torch.equal(moved[0], before[0])


@pytest.mark.parametrize("implementation", ["loop", "foreach"])
def test_kept_tensors_of_one_element_may_have_any_number_of_dimensions(implementation):
    grads = gradients([(3, 2), ()], 3)
    plain, shaped = start([(3, 2), ()]), start([(3, 2), ()])
    expected = run(Gofau(plain, rule="additive", lr=0.5, beta1=0.75), plain, grads)
    kept = {"lr": torch.tensor([0.5]), "beta1": torch.tensor([[[0.75]]]), "capturable": True}
    optimizer = Gofau(shaped, rule="additive", implementation=implementation, **kept)
    torch.testing.assert_close(run(optimizer, shaped, grads), expected)
