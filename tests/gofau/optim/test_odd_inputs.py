"""Every implementation gives the plain loop's answer on odd inputs, or refuses them whole."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from gofau import Gofau, functional
from gofau.directions import direction
from gofau.errors import UnsupportedError
from gofau.optim import implementations as choice
from gofau.optim.implementations import implementations
from gofau.rules import rule
from tests.each import case
from tests.gofau.cases import direction_hyper, gradients, rule_hyper, start
from tests.gofau.optim.odd_inputs import AT, STEPS, TABLE, Params, Row, negated

OPTIONS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "sgd": ("sgd", "additive", {}, {"lr": 0.05}),
    "momentum": ("sgd", "multiplicative", {"momentum": 0.9}, {"lr_out": 0.1}),
    "adam": ("adam", "hybrid", {"eps": 1e-3}, {"lr": 0.05, "lr_out": 0.02}),
}
ANY = ["auto", *implementations]
every_implementation = pytest.mark.parametrize("implementation", ANY)


def plain_loop(row: Row, kind: str) -> list[Tensor]:
    """The row's parameters after a loop that computes every tensor by itself in fp64."""
    way, how, d_options, r_options = OPTIONS[kind]
    hyper = {**direction_hyper(way, d_options), **rule_hyper(how, r_options)}
    params, states, counts = row.make(), {}, {}
    for number in range(STEPS):
        row.feed(number, params, None)
        for place, param in enumerate(params):
            if param.grad is None:
                continue
            theta, grad = param.detach().double(), param.grad.double()
            state = states.setdefault(place, direction(way).init(theta, hyper))
            counts[place] = counts.get(place, 0) + 1
            new = functional.step(
                theta, grad, direction(way), rule(how), state, {}, counts[place], hyper
            )
            param.data.copy_(new)
    return [param.detach().clone() for param in params]


def train(row: Row, kind: str, implementation: str) -> tuple[Params, Gofau]:
    way, how, d_options, r_options = OPTIONS[kind]
    params = row.make()
    optimizer = Gofau(params, way, how, implementation=implementation, **{**d_options, **r_options})
    for number in range(STEPS):
        row.feed(number, params, optimizer.state)
        optimizer.step()
    return params, optimizer


# What the kernels refuse when they are asked for by name; `auto` takes another way.
REFUSED = {
    "a subclass",
    "double from single precision",
    "single from double precision",
    "single-precision gradients of bfloat16",
    "half precision",
}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_answer_is_the_plain_loops(row):
    near = {"rtol": 10.0**-row.digits, "atol": 10.0**-row.digits, "check_dtype": False}
    for kind in OPTIONS:
        expected = plain_loop(row, kind)
        stateless = kind == "sgd" and "double" in row.name
        for implementation in ANY:
            with case(kind, implementation):
                if implementation == "fused" and row.name in REFUSED and not stateless:
                    with pytest.raises(UnsupportedError, match="fused steps"):
                        train(row, kind, implementation)
                    continue
                params, _ = train(row, kind, implementation)
                for got, reference in zip(params, expected, strict=True):
                    torch.testing.assert_close(got.detach(), reference, **near)


def sparse() -> tuple[Params, int]:
    params = start([(4, 2), (4, 2)])
    params[1].grad = torch.eye(4, 2, dtype=torch.float64).to_sparse()
    return params, 1


def repeated() -> tuple[Params, int]:
    params = start([(3,), (1,)])
    params[1] = nn.Parameter(params[1].data.expand(3))
    params[1].grad = torch.ones(3, dtype=torch.float64)
    return params, 1


def thawed() -> tuple[Params, int]:
    weight = nn.Parameter(torch.ones(2, dtype=torch.complex64), requires_grad=False)
    weight.grad = torch.ones(2, dtype=torch.complex64)
    return [*start([(3,)]), weight], 1


UNFIT = [
    (sparse, "{}.grad: got layout torch.sparse_coo, expected a dense gradient; set sparse=False"),
    (repeated, "{}: got strides (0,) for shape (3,), expected a parameter whose elements have mem"),
    (thawed, "{}: got dtype torch.complex64, expected a real floating-point parameter; optimize"),
]


@pytest.mark.parametrize("groups", [1, 2])
@every_implementation
@pytest.mark.parametrize(("make", "message"), UNFIT, ids=[m.__name__ for m, _ in UNFIT])
def test_what_cannot_be_stepped_is_refused_before_anything_moves(
    make, message, implementation, groups
):
    params, place = make()
    path = f"param_groups[0].params[{place}]" if groups == 1 else "param_groups[1].params[0]"
    given = params if groups == 1 else [{"params": params[:1]}, {"params": params[1:]}]
    optimizer = Gofau(given, lr=0.1, implementation=implementation)
    odd, params[place].grad = params[place].grad, None
    params[0].grad = torch.ones_like(params[0])
    optimizer.step()
    optimizer.step()
    before = params[0].detach().clone()
    params[place].grad = odd
    for _ in range(2):
        with pytest.raises(UnsupportedError) as caught:
            optimizer.step()
        assert str(caught.value).startswith(message.format(path))
    assert torch.equal(params[0], before)
    assert list(optimizer.state) == params[:1]
    assert optimizer.state[params[0]]["step"] == 2


def test_a_step_that_fails_does_not_count(monkeypatch):
    params = start([(3,)])
    optimizer = Gofau(params, lr=0.1, implementation="loop")

    def broken(batch: Any) -> None:
        raise MemoryError

    params[0].grad = torch.ones(3, dtype=torch.float64)
    optimizer.step()
    monkeypatch.setattr(
        "gofau.optim.implementations.implementations", {**implementations, "loop": broken}
    )
    with pytest.raises(MemoryError):
        optimizer.step()
    assert optimizer.state[params[0]]["step"] == 1


def test_auto_says_once_that_it_no_longer_fuses(caplog):
    choice._note.cache_clear()
    params = start([(3,), (2,)])
    for param in params:
        param.data = param.data.float()
    model = nn.ParameterList(params)
    optimizer = Gofau(model.parameters(), lr=0.1)
    with caplog.at_level(logging.WARNING, "gofau"):
        for number in range(4):
            if number == 2:
                optimizer.zero_grad()
                model.double()
            for param in model:
                param.grad = torch.ones_like(param)
            optimizer.step()
    notes = [r.getMessage() for r in caplog.records if "does not fuse" in r.getMessage()]
    assert len(notes) == 1
    assert "alike: got torch.float32 of shape (3,), expected torch.float64" in notes[0]
    assert {int(s["step"]) for s in optimizer.state.values()} == {4}


class Watched(TorchDispatchMode):
    """Sees torch's operators, and does nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func.name())
        return func(*args, **(kwargs or {}))


def steps(implementation: str, around: Callable[[int], Any]) -> list[Tensor]:
    params = start([(3, 2), (2,)])
    optimizer = Gofau(params, lr=0.1, lr_out=0.1, implementation=implementation)
    for number, grads in enumerate(gradients([(3, 2), (2,)], STEPS)):
        for param, grad in zip(params, grads, strict=True):
            param.grad = grad
        with around(number):
            optimizer.step()
    return [param.detach().clone() for param in params]


@pytest.mark.parametrize("implementation", ["auto", "loop", "foreach"])
def test_a_dispatch_mode_sees_every_step(implementation):
    mode = Watched()
    got = steps(implementation, lambda n: mode if n >= AT else torch.no_grad())
    torch.testing.assert_close(got, steps("loop", lambda n: torch.no_grad()))
    assert any("tanh" in name for name in mode.names)


@pytest.mark.parametrize("implementation", ["auto", "loop", "foreach", "fused"])
@pytest.mark.parametrize("inferred", [range(STEPS), range(2), range(AT, STEPS)], ids=str)
def test_steps_in_inference_mode_and_out_of_it_are_the_same(implementation, inferred):
    def around(number: int) -> Any:
        return torch.inference_mode(mode=number in inferred)

    got = steps(implementation, around)
    torch.testing.assert_close(got, steps("loop", lambda n: torch.no_grad()))


@every_implementation
def test_a_tensor_of_inference_mode_is_not_written_outside_of_it(implementation):
    with torch.inference_mode():
        param = nn.Parameter(torch.ones(3))
    optimizer = Gofau([param], "sgd", "additive", lr=0.1, implementation=implementation)
    with torch.inference_mode():
        for _ in range(2):
            param.grad = torch.ones(3)
            optimizer.step()
    before = param.tolist()
    with pytest.raises(RuntimeError, match="nference tensor outside"):
        optimizer.step()
    assert param.tolist() == before
    assert optimizer.state[param]["step"] == 2


@pytest.mark.parametrize("implementation", ["auto", "loop", "foreach"])
@pytest.mark.parametrize("options", [{}, {"direction": "sgd", "rule": "multiplicative"}], ids=str)
def test_fake_tensors_step_as_they_do_with_torchs_optimizers(implementation, options):
    extra = {"lr_out": 0.1} if options else {}
    with FakeTensorMode():
        model = nn.Linear(3, 2)
        optimizer = Gofau(model.parameters(), implementation=implementation, **options, **extra)
        for _ in range(3):
            model(torch.randn(4, 3)).sum().backward()
            optimizer.step()
        state = optimizer.state[model.weight]
        assert state["step"].item() == 3
        assert all(type(x).__name__ == "FakeTensor" for x in state.values())


def test_tensors_without_data_step_on_the_meta_device():
    model = nn.Linear(3, 2, device="meta")
    optimizer = Gofau(model.parameters(), rule="multiplicative", zero_policy="additive")
    for _ in range(2):
        for param in model.parameters():
            param.grad = torch.empty_like(param)
        optimizer.step()
    assert optimizer.state[model.bias]["step"] == 2


def test_a_functional_transform_takes_its_tensors_past_the_kernels():
    def moved(weight: Tensor) -> Tensor:
        param = weight.clone()
        param.grad = torch.ones(3)
        optimizer = Gofau([param], "sgd", "additive", lr=0.5)
        optimizer.step()
        optimizer.step()
        return param

    assert torch.func.functionalize(moved)(torch.zeros(3)).tolist() == [-1.0] * 3


@every_implementation
def test_parameters_of_one_memory_lose_no_update_by_several_threads(implementation):
    many = 100_000
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        first = nn.Parameter(torch.zeros(2, many))
        second = nn.Parameter(first.data.t())
        optimizer = Gofau([first, second], "sgd", "additive", lr=0.1, implementation=implementation)
        for _ in range(3):
            first.grad, second.grad = torch.ones(2, many), torch.ones(many, 2)
            optimizer.step()
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(first.detach(), torch.full((2, many), -0.6))


@every_implementation
def test_optimizers_in_threads_of_their_own_do_not_meet(implementation):
    params = start([(5_000,)] * 4)
    optimizers = [Gofau([p], lr=0.01, implementation=implementation) for p in params]

    def work(place: int) -> None:
        for grads in gradients([(5_000,)], 20, seed=place):
            params[place].grad = grads[0]
            optimizers[place].step()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for place, alone in enumerate(start([(5_000,)] * 4)):
        single = Gofau([alone], lr=0.01, implementation="loop")
        for grads in gradients([(5_000,)], 20, seed=place):
            alone.grad = grads[0]
            single.step()
        torch.testing.assert_close(params[place].detach(), alone.detach())


@every_implementation
def test_one_counter_of_two_parameters_counts_as_it_does_in_the_loop(implementation):
    def run(chosen: str) -> list[Any]:
        params = start([(3,), (2,)])
        optimizer = Gofau(params, lr=0.1, implementation=chosen)
        for number, grads in enumerate(gradients([(3,), (2,)], STEPS)):
            for param, grad in zip(params, grads, strict=True):
                param.grad = grad
            if number == AT:
                shared = torch.tensor(3.0)
                for state in optimizer.state.values():
                    state["step"] = shared
            optimizer.step()
        return [p.detach() for p in params] + [s["step"] for s in optimizer.state.values()]

    torch.testing.assert_close(run(implementation), run("loop"))


@pytest.mark.filterwarnings("ignore:optimizer contains a parameter group with duplicate")
@every_implementation
def test_a_parameter_that_is_listed_twice_moves_twice(implementation):
    param = nn.Parameter(torch.zeros(3))
    optimizer = Gofau([param, param], "sgd", "additive", lr=0.1, implementation=implementation)
    for _ in range(4):
        param.grad = torch.ones(3)
        optimizer.step()
    torch.testing.assert_close(param.detach(), torch.full((3,), -0.8))


def test_a_complex_model_learns_by_gradients_with_a_negative_bit():
    torch.manual_seed(0)
    real, imaginary = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.tensor(0.0))
    inputs = torch.randn(32, dtype=torch.complex64)
    outputs = (0.5 + 0.7j) * inputs
    optimizer = Gofau([real, imaginary], "sgd", "additive", lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        weight = torch.complex(real, imaginary).conj()
        loss = ((weight * inputs - outputs).abs() ** 2).mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-6
    assert negated(torch.ones(1)).item() == 1.0
