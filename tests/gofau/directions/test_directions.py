"""The laws of `Direction`, over every direction and its options."""

import pytest
import torch

from gofau import catalog
from gofau.directions import direction, registry
from gofau.hyper import Hyper
from tests.gofau.cases import DIRECTIONS, direction_hyper, ident

K, SHAPE, STEPS = 3, (4, 2), 5
cases = pytest.mark.parametrize("case", DIRECTIONS, ids=ident)


def stacked(hyper: Hyper) -> Hyper:
    return {
        k: v if isinstance(v, bool) else torch.full((K, 1, 1), float(v), dtype=torch.float64)
        for k, v in hyper.items()
    }


@pytest.fixture
def grads() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(STEPS, K, *SHAPE, dtype=torch.float64, generator=generator)


def separate(name: str, hyper: Hyper, grads: torch.Tensor, first: list[int]) -> torch.Tensor:
    outs = []
    for k, offset in enumerate(first):
        one = direction(name)
        state = one.init(torch.zeros(SHAPE, dtype=torch.float64), hyper)
        outs.append(
            [one.direct(g[k], state, offset + t, hyper).clone() for t, g in enumerate(grads)]
        )
    return torch.stack([torch.stack(o) for o in outs], dim=1)


@cases
@pytest.mark.parametrize("tensors", [False, True], ids=["numbers", "tensors"])
def test_a_stack_gives_what_separate_parameters_give(case, tensors, grads):
    name, hyper = case[0], direction_hyper(*case)
    own = stacked(hyper) if tensors else hyper
    state = direction(name).init(torch.zeros(K, *SHAPE, dtype=torch.float64), own)
    got = [direction(name).direct(g, state, t, own).clone() for t, g in enumerate(grads, 1)]
    expected = separate(name, hyper, grads, [1] * K)
    torch.testing.assert_close(torch.stack(got), expected, rtol=1e-14, atol=1e-15)


@cases
def test_trials_of_a_stack_may_be_at_different_steps(case, grads):
    name, hyper = case[0], direction_hyper(*case)
    first = torch.tensor([1, 2, 7])
    state = direction(name).init(torch.zeros(K, *SHAPE, dtype=torch.float64), hyper)
    got = [
        direction(name).direct(g, state, (first + t).view(K, 1, 1), hyper).clone()
        for t, g in enumerate(grads)
    ]
    expected = separate(name, hyper, grads, first.tolist())
    torch.testing.assert_close(torch.stack(got), expected, rtol=1e-13, atol=1e-15)


def test_trials_without_momentum_ignore_the_dampening_of_their_neighbours(grads):
    hyper = direction_hyper("sgd", {"dampening": 0.5})
    momentum = torch.tensor([0.0, 0.5, 0.0], dtype=torch.float64).view(K, 1, 1)
    own = {**hyper, "momentum": momentum}
    state = direction("sgd").init(grads[0], own)
    for step, grad in enumerate(grads, 1):
        u = direction("sgd").direct(grad, state, step, own)
        assert torch.equal(u[0], grad[0])
        assert torch.equal(u[2], grad[2])


@cases
def test_a_nan_stays_with_its_own_element(case, grads):
    name, hyper = case[0], direction_hyper(*case)
    clean_state = direction(name).init(grads[0], hyper)
    state = direction(name).init(grads[0], hyper)
    poisoned = grads.clone()
    poisoned[1, 1, 2, 0] = float("nan")
    for step, (grad, bad) in enumerate(zip(grads, poisoned, strict=True), 1):
        u = direction(name).direct(grad, clean_state, step, hyper)
        v = direction(name).direct(bad, state, step, hyper)
    remembers = bool(state)
    assert torch.isnan(v).sum() == (1 if remembers else 0)
    if remembers:
        assert torch.isnan(v[1, 2, 0])
    assert torch.equal(torch.where(torch.isnan(v), u, v), u)


@cases
def test_the_gradient_is_read_only_and_the_state_has_its_names(case, grads):
    name, hyper = case[0], direction_hyper(*case)
    state = direction(name).init(grads[0], hyper)
    kept = grads[0].clone()
    u = direction(name).direct(grads[0], state, 1, hyper)
    assert torch.equal(grads[0], kept)
    assert u.shape == grads[0].shape
    assert tuple(state) == direction(name).state_names(hyper)
    assert all(v.shape == grads[0].shape for v in state.values())


def test_every_direction_of_the_catalog_exists_and_no_other():
    assert list(registry.entries) == list(catalog.directions.entries)


def test_names_are_refused_twice_and_unknown_ones_list_the_known():
    with pytest.raises(ValueError, match="direction 'sgd' is registered already"):
        registry.add(direction("sgd"))
    with pytest.raises(catalog.CatalogError, match="direction: got 'nadam', expected a known "):
        direction("nadam")


def test_madams_direction_is_zero_until_a_gradient_comes():
    hyper = direction_hyper("madam", {})
    state = direction("madam").init(torch.zeros(2), hyper)
    assert direction("madam").direct(torch.zeros(2), state, 1, hyper).tolist() == [0.0, 0.0]
