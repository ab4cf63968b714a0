"""Which tensors fused steps serve, in any memory order, and how they refuse the others."""

from itertools import product

import pytest
import torch
from torch import Tensor

from gofau import Gofau
from gofau.directions import direction
from gofau.directions.sgd import SGD
from gofau.errors import UnsupportedError
from gofau.fused import fused_step, obstacle
from gofau.rules import rule
from tests.compilers import needs_compiler
from tests.each import case
from tests.gofau.cases import direction_hyper, rule_hyper

pytestmark = needs_compiler

HYPER = {
    **direction_hyper("sgd", {"momentum": 0.9}),
    **rule_hyper("hybrid", {"lr": 0.1, "lr_out": 0.1}),
}


def step(params: list[Tensor], grads: list[Tensor], buffers: list[Tensor]) -> None:
    states = [{"momentum_buffer": buffer} for buffer in buffers]
    fused_step(params, grads, states, 2, direction("sgd"), rule("hybrid"), HYPER)


def values(seed: int, shape: tuple[int, ...] = (2, 3, 4, 5)) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def as_stored(x: Tensor, order: str) -> Tensor:
    """``x`` in another memory order."""
    if order == "channels_last":
        return x.contiguous(memory_format=torch.channels_last)
    if order == "transposed":
        return x.transpose(0, 3).contiguous().transpose(0, 3)
    if order == "strided":
        return torch.stack([x, x], dim=-1).select(-1, 1)
    return x.clone()


ORDERS = ["contiguous", "channels_last", "transposed", "strided"]


def test_memory_order_changes_nothing():
    expected, expected_buffer = values(0), values(2)
    step([expected], [values(1)], [expected_buffer])
    for of_param, of_grad, of_state in product(ORDERS, repeat=3):
        param, buffer = as_stored(values(0), of_param), as_stored(values(2), of_state)
        grad = as_stored(values(1), of_grad)
        step([param], [grad], [buffer])
        with case(of_param, of_grad, of_state):
            assert torch.equal(param, expected)
            assert torch.equal(buffer, expected_buffer)
            assert torch.equal(grad, values(1))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_shares_of_threads_meet_without_gap_or_overlap(threads):
    shapes = [(50_001,), (3,), (0,), (77, 501), (1,)]
    one = [[values(k + 10 * i, s) for i, s in enumerate(shapes)] for k in range(3)]
    many = [[x.clone() for x in xs] for xs in one]
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        step(*one)
        torch.set_num_threads(threads)
        step(*many)
    finally:
        torch.set_num_threads(before)
    for mine, alone in zip(many, one, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(mine, alone, strict=True))


def test_autograd_sees_that_a_parameter_changed():
    param = torch.nn.Parameter(values(0))
    loss = (param * param).sum()
    step([param], [values(1)], [values(2)])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


class Named(Tensor):
    """A subclass of somebody else's."""


DIFFERENT = [
    (values(0).half(), "got one of dtype torch.float16"),
    (values(0).to("meta"), "got one on meta"),
    (values(0).to_sparse(), "got one of layout torch.sparse_coo"),
    (values(0).as_subclass(Named), "got a Named"),
    (values(0).float(), "got torch.float32 of shape (2, 3, 4, 5), expected torch.float64"),
    (values(0, (5, 4, 3, 2)), "got torch.float64 of shape (5, 4, 3, 2), expected torch.float64"),
]


@pytest.mark.parametrize("place", [1, 2], ids=["gradient", "state"])
@pytest.mark.parametrize(("other", "message"), DIFFERENT, ids=[m for _, m in DIFFERENT])
def test_other_tensors_are_refused_before_anything_is_written(other, message, place):
    lists = [[values(0), values(0)], [values(1), values(1)], [values(2), values(2)]]
    lists[place][1] = other
    with pytest.raises(UnsupportedError) as raised:
        step(*lists)
    assert message in str(raised.value)
    assert torch.equal(lists[0][0], values(0))
    assert torch.equal(lists[2][0], values(2))


def test_a_hyperparameter_of_several_elements_is_refused():
    hyper = {**HYPER, "lr": torch.ones(2)}
    reason = obstacle([values(0)], direction("sgd"), rule("hybrid"), hyper)
    assert reason is not None
    assert reason.startswith("lr: got a tensor of 2 elements, expected one number")


def test_a_direction_of_ones_own_is_refused_even_under_a_known_name():
    class Own:
        name = "sgd"
        decouples_decay = False

    reason = obstacle([values(0)], Own(), rule("hybrid"), HYPER)  # type: ignore[arg-type]
    assert reason == (
        "direction 'sgd' has no fused kernel: expected one of gofau's own; "
        "use implementation='foreach' or 'loop'"
    )
    assert obstacle([values(0)], SGD(), rule("hybrid"), HYPER) is None


@pytest.mark.parametrize("implementation", ["auto", "fused"])
def test_the_optimizer_runs_no_arithmetic_of_torch_on_parameters(implementation):
    param = torch.nn.Parameter(torch.ones(4))
    param.grad = torch.ones(4)
    optimizer = Gofau([param], implementation=implementation)
    optimizer.step()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        optimizer.step()
    names = {event.name for event in profile.events() if event.name.startswith("aten::")}
    assert not names
    assert optimizer.state[param]["step"] == 2
