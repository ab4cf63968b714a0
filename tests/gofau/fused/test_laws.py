"""What the kernels' own arithmetic must keep: accuracy, bounds, signs, NaN and zeros."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gofau.directions import direction
from gofau.fused import fused_step
from gofau.rules import rule
from tests.compilers import needs_compiler
from tests.gofau.cases import direction_hyper, rule_hyper

pytestmark = needs_compiler

DTYPES = [torch.float32, torch.float64]


def move(theta: Tensor, u: Tensor, name: str, **options: float) -> Tensor:
    """``theta`` after one step of a rule along u itself."""
    moved = theta.clone()
    hyper = {**direction_hyper("sgd", {}), **rule_hyper(name, options)}
    states = [rule(name).init(moved, hyper)]
    fused_step([moved], [u], states, 1, direction("sgd"), rule(name), hyper)
    return moved


HUGE = {torch.float32: 2.0**100, torch.float64: 2.0**200}


def tanh(x: Tensor) -> Tensor:
    """The kernel's tanh, read off a step so large that the parameter itself rounds away."""
    huge = HUGE[x.dtype]
    return -move(torch.ones_like(x), x, "multiplicative", lr_in=1.0, lr_out=huge) / huge


def units(got: Tensor, exact: Tensor) -> float:
    """The largest error in units in the last place of ``got``'s type."""
    place = torch.finfo(got.dtype).eps * exact.abs()
    return float(((got.double() - exact).abs() / place).max())


def arguments(dtype: torch.dtype, low: float, high: float) -> Tensor:
    """Numbers of both signs, dense on every scale from ``low`` to ``high``."""
    size = torch.logspace(low, high, 400_001, base=2.0, dtype=torch.float64).to(dtype)
    return torch.cat([size, -size])


def test_tanh_is_within_three_units_in_single_precision():
    x = arguments(torch.float32, -60.0, 7.0)
    assert units(tanh(x), x.double().tanh()) <= 3


def test_tanh_is_within_four_units_in_double_precision():
    x = arguments(torch.float64, -60.0, 7.0)
    assert units(tanh(x), x.tanh()) <= 4


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_never_exceeds_one(dtype):
    x = torch.cat([torch.linspace(6.0, 21.0, 2_000_001, dtype=dtype), torch.tensor([1e4, 1e30])])
    assert float(tanh(x.to(dtype)).max()) == 1.0


@pytest.mark.slow
def test_tanh_never_exceeds_one_for_any_single_precision_number_from_four_on():
    first, last = (int(torch.tensor(v).view(torch.int32)) for v in (4.0, 32.0))
    for begin in range(first, last, 2**22):
        x = torch.arange(begin, min(begin + 2**22, last), dtype=torch.int32).view(torch.float32)
        assert float(tanh(x).max()) <= 1.0


@pytest.mark.parametrize(
    ("name", "sizes"), [("multiplicative", {"lr_out": 0.5}), ("hybrid", {"lr": 0.1, "lr_out": 0.5})]
)
@pytest.mark.parametrize("dtype", [*DTYPES, torch.bfloat16])
def test_an_elements_step_does_not_depend_on_those_beside_it(name, sizes, dtype):
    near = torch.linspace(-0.24, 0.24, 1000).to(dtype)
    theta = torch.linspace(-2.0, 2.0, 1000).to(dtype)
    alone = move(theta, near, name, **sizes)
    for far in (0.26, 3.0, float("inf"), float("nan")):
        mixed = torch.where(torch.arange(1000) % 7 == 3, torch.tensor(far, dtype=dtype), near)
        same = mixed == near
        assert torch.equal(move(theta, mixed, name, **sizes)[same], alone[same])


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_is_continuous_where_the_shorter_way_ends(dtype):
    edge = torch.tensor(0.25, dtype=dtype)
    below, above = torch.nextafter(edge, torch.zeros_like(edge)), edge
    step = float(tanh(above.reshape(1)) - tanh(below.reshape(1)))
    assert abs(step) <= 4 * torch.finfo(dtype).eps * 0.25


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_exponential_is_accurate_overflows_and_vanishes(dtype):
    one = torch.ones(1, dtype=dtype)
    high = 88.0 if dtype is torch.float32 else 700.0
    x = torch.linspace(-high + 2, high, 100_001, dtype=dtype)
    grown = move(torch.ones_like(x), -x, "exponentiated_gradient", lr=1.0)
    assert units(grown, x.double().exp()) <= 4
    assert move(one, one * -1e4, "exponentiated_gradient", lr=1.0).item() == float("inf")
    assert move(one, one * 1e4, "exponentiated_gradient", lr=1.0).item() == 0.0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("additive", {"lr": 0.1}),
        ("multiplicative", {"lr_out": 0.1}),
        ("hybrid", {"lr": 0.1, "lr_out": 0.1}),
        ("madam", {"lr": 0.1}),
        ("exponentiated_gradient", {"lr": 0.1}),
        ("hypentropy", {"lr": 0.1}),
    ],
)
def test_nan_gradients_reach_their_own_parameters_and_no_other(name, options, dtype):
    theta = torch.full((40,), 0.5, dtype=dtype)
    u = torch.zeros_like(theta)
    u[7] = torch.nan
    moved = move(theta, u, name, **options)
    assert moved.isnan().nonzero().flatten().tolist() == [7]
    assert torch.allclose(moved[u == 0], theta[u == 0])


numbers = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)


@settings(max_examples=60)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=80), st.floats(1e-3, 1e3))
def test_multiplicative_steps_are_bounded_keep_signs_and_leave_zeros(pairs, lr_in):
    theta = torch.tensor([pair[0] for pair in pairs])
    u = torch.tensor([pair[1] for pair in pairs])
    moved = move(theta, u, "multiplicative", lr_in=lr_in, lr_out=0.5)
    assert bool(((moved - theta).abs() <= 0.5 * theta.abs() * (1 + 1e-6)).all())
    assert torch.equal(moved.sign(), theta.sign())


@pytest.mark.parametrize("dtype", DTYPES)
def test_hypentropy_follows_its_hyperbola_on_every_scale(dtype):
    size = torch.logspace(-12, 3, 61, dtype=torch.float64)
    theta = torch.cat([size, -size])[:, None].expand(-1, 121)
    u = torch.linspace(-12, 12, 121, dtype=torch.float64).expand(theta.shape[0], -1)
    got = move(theta.to(dtype).contiguous(), u.to(dtype).contiguous(), "hypentropy", lr=1.0)
    angle = torch.asinh(theta.to(dtype).double()) - u.to(dtype).double()
    # The angle itself rounds: one place of it moves sinh by cosh.
    scale = angle.sinh().abs() + angle.cosh() * (u.abs() > 1)
    assert float(((got.double() - angle.sinh()).abs() / scale).max()) <= 40 * torch.finfo(dtype).eps
