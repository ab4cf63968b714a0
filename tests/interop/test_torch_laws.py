"""The laws of torch's own optimizer tests; torch's Adam keeps them too, as the control."""

import copy
import io
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from tests.each import case
from tests.interop.makers import MAKERS, Make

every = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))


def backward(model: nn.Module, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    dtype = next(model.parameters()).dtype
    x = torch.randn(8, 4, generator=generator, dtype=torch.float64).to(dtype)
    loss = (model(x) ** 2).mean()
    loss.backward()
    return loss


def train(model: nn.Module, optimizer: Optimizer, steps: range) -> None:
    for step in steps:
        optimizer.zero_grad()
        backward(model, step)
        optimizer.step()


def values(model: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in model.parameters()]


def equal(one: nn.Module, other: nn.Module) -> None:
    torch.testing.assert_close(values(one), values(other), rtol=0, atol=0)


def plain(state: Any) -> Any:
    """A state dictionary in which tensors are numbers, so that two can be compared."""
    if isinstance(state, dict):
        return {key: plain(value) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [plain(value) for value in state]
    return state.tolist() if isinstance(state, Tensor) else state


@every
def test_a_state_loads_into_a_twin_unchanged_and_both_go_on_alike(make: Make) -> None:
    model, other = net(), net()
    optimizer, twin = make(model.parameters()), make(other.parameters())
    train(model, optimizer, range(3))
    other.load_state_dict(model.state_dict())
    state = copy.deepcopy(optimizer.state_dict())
    twin.load_state_dict(state)
    assert plain(state) == plain(optimizer.state_dict()) == plain(twin.state_dict())
    train(model, optimizer, range(3, 6))
    train(other, twin, range(3, 6))
    equal(model, other)
    assert plain(optimizer.state_dict()) == plain(twin.state_dict())


@every
def test_a_state_saved_as_plain_data_goes_on(make: Make) -> None:
    model, other = net(), net()
    optimizer, twin = make(model.parameters()), make(other.parameters())
    train(model, optimizer, range(3))
    buffer = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, buffer)
    buffer.seek(0)
    stored = torch.load(buffer, weights_only=True)
    other.load_state_dict(stored["model"])
    twin.load_state_dict(stored["optimizer"])
    train(model, optimizer, range(3, 6))
    train(other, twin, range(3, 6))
    equal(model, other)


@every
def test_steps_that_were_saved_as_numbers_load(make: Make) -> None:
    model, other = net(), net()
    optimizer, twin = make(model.parameters()), make(other.parameters())
    train(model, optimizer, range(3))
    state = copy.deepcopy(optimizer.state_dict())
    for known in state["state"].values():
        if "step" in known:
            known["step"] = known["step"].item()
    other.load_state_dict(model.state_dict())
    twin.load_state_dict(state)
    train(model, optimizer, range(3, 5))
    train(other, twin, range(3, 5))
    equal(model, other)


@every
def test_a_copy_has_every_public_attribute_and_a_state_of_its_own(make: Make) -> None:
    model = net()
    optimizer = make(model.parameters())
    train(model, optimizer, range(2))
    twin, other = copy.deepcopy((optimizer, model))
    assert {k for k in vars(twin) if k[0] != "_"} == {k for k in vars(optimizer) if k[0] != "_"}
    train(model, optimizer, range(2, 4))
    again, third = pickle.loads(pickle.dumps((twin, other)))
    for one, its in ((twin, other), (again, third)):
        train(its, one, range(2, 4))
        equal(model, its)


@every
def test_hooks_see_a_state_that_is_saved_and_may_replace_one_that_is_loaded(make: Make) -> None:
    model = net()
    optimizer = make(model.parameters())
    train(model, optimizer, range(2))
    calls: list[str] = []
    optimizer.register_state_dict_pre_hook(lambda _: calls.append("save"))
    optimizer.register_state_dict_post_hook(lambda _, state: {**state, "saved by": "me"})
    state = optimizer.state_dict()
    assert (state["saved by"], calls) == ("me", ["save"])
    for group in state["param_groups"]:
        group["renamed"] = group.pop("params")

    def restored(_: Optimizer, given: dict[str, Any]) -> dict[str, Any]:
        calls.append("load")
        groups = [{**g, "params": g["renamed"]} for g in given["param_groups"]]
        groups = [{k: v for k, v in g.items() if k != "renamed"} for g in groups]
        return {**given, "param_groups": groups}

    optimizer.register_load_state_dict_pre_hook(restored)
    optimizer.register_load_state_dict_post_hook(lambda _: calls.append("loaded"))
    optimizer.load_state_dict(state)
    assert calls == ["save", "load", "loaded"]
    train(model, optimizer, range(2, 3))


@contextmanager
def hooked(calls: list[Any]) -> Iterator[None]:
    before = register_optimizer_step_pre_hook(lambda o, *_: calls.append(("before", o)))
    after = register_optimizer_step_post_hook(lambda o, *_: calls.append(("after", o)))
    yield
    before.remove()
    after.remove()


@every
def test_hooks_of_all_optimizers_run_around_each_step(make: Make) -> None:
    model = net()
    optimizer = make(model.parameters())
    calls: list[Any] = []
    with hooked(calls):
        train(model, optimizer, range(1))
    assert (calls[0], calls[-1]) == (("before", optimizer), ("after", optimizer))


@every
def test_without_gradients_nothing_moves_and_nothing_is_remembered(make: Make) -> None:
    model = net()
    optimizer = make(model.parameters())
    before = values(model)
    optimizer.step()
    torch.testing.assert_close(values(model), before, rtol=0, atol=0)
    assert list(optimizer.state_dict()["state"]) == []


@every
def test_with_gradients_of_zeros_nothing_moves_but_steps_are_counted(make: Make) -> None:
    model = net()
    optimizer = make(model.parameters())
    before = values(model)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    # hypentropy leaves θ = β·sinh(asinh(θ/β)), which rounds.
    torch.testing.assert_close(values(model), before, rtol=1e-6, atol=1e-7)
    backward(model)
    optimizer.step()
    assert all(float(state.get("step", 2)) == 2 for state in optimizer.state.values())


@every
def test_states_and_steps_follow_parameters_of_several_dtypes(make: Make) -> None:
    models = [net(), net().double(), net().bfloat16()]
    optimizer = make([p for m in models for p in m.parameters()])
    alone = [net(), net().double(), net().bfloat16()]
    for i in range(3):
        for model in models:
            model.zero_grad()
            backward(model, i)
        optimizer.step()
    for model, single in zip(models, alone, strict=True):
        train(single, make(single.parameters()), range(3))
        equal(model, single)


@every
def test_groups_may_be_empty_and_be_filled_from_any_iterable(make: Make) -> None:
    model, other = net(), net()
    groups = [{"params": []}, {"params": iter(model[0].parameters())}]
    optimizer = make(groups)
    optimizer.add_param_group({"params": model[2].weight})
    optimizer.add_param_group({"params": (model[2].bias,)})
    train(model, optimizer, range(3))
    train(other, make(other.parameters()), range(3))
    equal(model, other)


@every
def test_the_same_arguments_make_equal_optimizers_of_their_own(make: Make) -> None:
    model, other = net(), net()
    first = make([{"params": list(model.parameters())}])
    second = make([{"params": list(other.parameters())}])
    assert plain(first.state_dict()) == plain(second.state_dict())
    first.param_groups[0]["lr"] = 0.0
    first.defaults["lr"] = 0.0
    third = make(net().parameters())
    assert plain(second.state_dict()) == plain(third.state_dict())


@every
def test_states_load_between_named_and_unnamed_parameters(make: Make) -> None:
    model, other, last = net(), net(), net()
    named, unnamed = make(list(model.named_parameters())), make(list(other.parameters()))
    again = make(list(last.named_parameters()))
    train(model, named, range(2))
    for target, optimizer, source in ((other, unnamed, named), (last, again, unnamed)):
        target.load_state_dict(model.state_dict())
        optimizer.load_state_dict(copy.deepcopy(source.state_dict()))
    names = [name for name, _ in model.named_parameters()]
    assert again.param_groups[0]["param_names"] == names
    for target, optimizer in ((model, named), (other, unnamed), (last, again)):
        train(target, optimizer, range(2, 4))
        equal(model, target)


@every
def test_a_state_of_another_precision_loads(make: Make) -> None:
    model = net()
    optimizer = make(model.parameters())
    train(model, optimizer, range(2))
    other = copy.deepcopy(model).double()
    twin = make(other.parameters())
    twin.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(model, optimizer, range(2, 4))
    train(other, twin, range(2, 4))
    for a, b in zip(values(model), values(other), strict=True):
        torch.testing.assert_close(a.double(), b, rtol=1e-4, atol=1e-5)


def layouts(grad: Tensor) -> dict[str, Tensor]:
    """The same gradient in memory of every kind that autograd hands out."""
    padded = torch.zeros(grad.shape[0] + 1, grad.shape[1] * 2 + 1)
    padded[1:, 1::2] = grad
    return {
        "transposed": grad.t().contiguous().t(),
        "sliced": padded[1:, 1::2],
        "negative": torch._neg_view(-grad),
        "complex": torch.complex(grad, grad).real,
    }


@every
def test_the_memory_that_a_gradient_lies_in_does_not_matter(make: Make) -> None:
    for kind in layouts(torch.ones(6, 4)):
        model, other = net(), net()
        optimizer, twin = make(model.parameters()), make(other.parameters())
        for step in range(3):
            for each in (model, other):
                each.zero_grad()
                backward(each, step)
            grad = other[0].weight.grad
            other[0].weight.grad = layouts(grad)[kind]
            torch.testing.assert_close(other[0].weight.grad, grad, rtol=0, atol=0)
            optimizer.step()
            twin.step()
        with case(kind):
            equal(model, other)


@every
def test_an_expanded_gradient_is_a_gradient(make: Make) -> None:
    model, other = net(), net()
    optimizer, twin = make(model.parameters()), make(other.parameters())
    for step in range(2):
        for p, q in zip(model.parameters(), other.parameters(), strict=True):
            p.grad = torch.full_like(p, step + 1.0)
            q.grad = torch.tensor(step + 1.0).expand_as(q)
        optimizer.step()
        twin.step()
    equal(model, other)


@every
def test_gradients_may_be_filled_with_zeros_instead_of_dropped(make: Make) -> None:
    model, other = net(), net()
    optimizer, twin = make(model.parameters()), make(other.parameters())
    for step in range(3):
        optimizer.zero_grad(set_to_none=False)
        twin.zero_grad()
        backward(model, step)
        backward(other, step)
        optimizer.step()
        twin.step()
    equal(model, other)


@every
def test_moved_memory_and_frozen_parameters_take_effect_at_once(make: Make) -> None:
    """As model surgery does between steps: new storage, then a layer that is frozen and back."""
    model, other = net(), net()
    optimizer, twin = make(model.parameters()), make(other.parameters())
    train(model, optimizer, range(2))
    train(other, twin, range(2))
    for parameter in other.parameters():
        parameter.data = parameter.data.clone()
    train(model, optimizer, range(2, 4))
    train(other, twin, range(2, 4))
    equal(model, other)
    kept = values(model[0])
    for parameter in model[0].parameters():
        parameter.requires_grad_(False)
    train(model, optimizer, range(4, 6))
    torch.testing.assert_close(values(model[0]), kept, rtol=0, atol=0)
    for parameter in model[0].parameters():
        parameter.requires_grad_(True)
    train(model, optimizer, range(6, 8))
    assert not torch.equal(model[0].weight, kept[0])


@every
def test_a_default_dtype_changes_nothing(make: Make) -> None:
    model, other = net(), net()
    train(model, make(model.parameters()), range(3))
    torch.set_default_dtype(torch.float64)
    try:
        twin = make(other.parameters())
        train(other, twin, range(3))
    finally:
        torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(values(model), values(other))
    known = [item for state in twin.state.values() for item in state.items()]
    kept = {v.dtype for k, v in known if isinstance(v, Tensor) and k != "step"}
    assert kept <= {torch.float32}
