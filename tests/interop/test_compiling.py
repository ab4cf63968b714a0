"""torch.compile around the module, the step, and both, with a schedule and resumption."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LinearLR

from gofau import Gofau, Wrapped
from tests.interop.resume import Parts, assert_resumes, batch, net, plain

OPTIMIZERS: dict[str, Callable[[Any], Optimizer]] = {
    "fused": lambda p: Gofau(p, "adam", "hybrid", lr=0.05, lr_out=0.05),
    "foreach": lambda p: Gofau(p, "adam", "multiplicative", implementation="foreach"),
    "loop": lambda p: Gofau(p, "sgd", "additive", lr=0.05, implementation="loop"),
    "wrapped": lambda p: Wrapped(torch.optim.Adam(p, lr=1.0), "hybrid", lr=0.05, lr_out=0.05),
}
BACKENDS = ["eager", *(pytest.param(b, marks=pytest.mark.slow) for b in ("aot_eager", "inductor"))]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Nothing compiled is left from, or for, other tests."""
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def build(make: Callable[[Any], Optimizer], compiled: str, backend: str) -> Any:
    model = net()
    optimizer = make(model.parameters())
    schedule = LinearLR(optimizer, start_factor=0.1, total_iters=5)
    forward, step = model, optimizer.step
    if compiled == "module":
        forward = torch.compile(model, backend=backend)
    if compiled == "step":
        step = torch.compile(optimizer.step, backend=backend)
    return Run(model=model, optimizer=optimizer, schedule=schedule, forward=forward, by=step)


class Run(dict[str, Any]):
    """Parts whose module and step may be compiled."""

    def __init__(self, forward: Any, by: Any, **parts: Any) -> None:
        super().__init__(parts)
        self.forward = forward
        self.by = by


def train(run: Run, inputs: torch.Tensor, targets: torch.Tensor) -> None:
    run["optimizer"].zero_grad()
    nn.functional.mse_loss(run.forward(inputs), targets).backward()
    run.by()


def advance(run: Any, step: int, training: Any = train) -> None:
    training(run, *batch(step))
    run["schedule"].step()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("compiled", ["module", "step"])
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_a_compiled_run_resumes_and_ends_as_an_eager_one(
    make: Any, compiled: str, backend: str
) -> None:
    whole: Parts = assert_resumes(partial(build, make, compiled, backend), advance)
    eager = build(make, "", backend)
    for step in range(8):
        advance(eager, step)
    exact = backend != "inductor"
    for name, value in eager["model"].state_dict().items():
        tolerance = {"rtol": 0, "atol": 0} if exact else {"rtol": 1e-3, "atol": 1e-5}
        torch.testing.assert_close(whole["model"].state_dict()[name], value, **tolerance)
    if exact:
        assert plain(whole["optimizer"].state_dict()) == plain(eager["optimizer"].state_dict())


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_a_whole_training_step_may_be_compiled(make: Any) -> None:
    eager, compiled = build(make, "", "eager"), build(make, "", "eager")
    training = torch.compile(train, backend="eager")
    for step in range(4):
        advance(eager, step)
        advance(compiled, step, training)
    assert plain(compiled["model"].state_dict()) == plain(eager["model"].state_dict())
