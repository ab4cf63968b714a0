"""Small problems that cover what the executors must handle, and plans over them."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from gofau import catalog
from gofau.catalog import ProblemEntry, Scalar
from gofau.packing import PackPlan, TrialPlan
from gofau.packing.executors import choice, mlp, module_checks
from gofau.problems import Classification, Dataset, registry
from tests.compilers import compiler_works

METRICS = ("val_loss", "val_accuracy", "train_loss")


def examples(train: int, val: int, shape: tuple[int, ...], classes: int) -> Dataset:
    generator = torch.Generator().manual_seed(7)
    x = torch.randn(train + val, *shape, generator=generator)
    y = torch.randint(classes, (train + val,), generator=generator)
    return Dataset(x[:train], y[:train], x[train:], y[train:])


class Blobs(Classification):
    """Thirteen features, three classes, layers of 5 and 4 units: no size is a power of two."""

    name: ClassVar[str] = "test-blobs"

    def dataset(self) -> Dataset:
        return examples(33, 9, (13,), 3)

    def module(self) -> nn.Module:
        return nn.Sequential(
            nn.Linear(13, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3)
        )


class Zeros(Classification):
    """Two linear layers, 139 parameters; the eight of the first bias start at zero."""

    name: ClassVar[str] = "test-zeros"

    def dataset(self) -> Dataset:
        return examples(33, 9, (13,), 3)

    def module(self) -> nn.Module:
        module = nn.Sequential(nn.Linear(13, 8), nn.ReLU(), nn.Linear(8, 3))
        nn.init.zeros_(module[0].bias)
        return module


class Linear(Classification):
    """One linear layer, an MLP of depth 0."""

    name: ClassVar[str] = "test-linear"

    def dataset(self) -> Dataset:
        return examples(33, 9, (13,), 3)

    def module(self) -> nn.Module:
        return nn.Sequential(nn.Linear(13, 3))


class Convolutions(Classification):
    """Everything that the grouped executor knows: odd channels, norms, pooling, dropouts."""

    name: ClassVar[str] = "test-convolutions"

    def dataset(self) -> Dataset:
        return examples(33, 9, (2, 7, 7), 3)

    def module(self) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(3),
            nn.SiLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(3, 6, 1, groups=3),
            nn.Dropout2d(0.2),
            nn.Tanh(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(6, 3),
        )


class Sentences(nn.Module):
    """Embedding, attention, norms and dropout; no parameter has a gradient of exactly zero."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.attend = nn.MultiheadAttention(6, 2, bias=False, batch_first=True)
        self.norm = nn.LayerNorm(6)
        self.groups = nn.GroupNorm(2, 6)
        self.batch = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.25)
        self.head = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.embed(x)
        h = self.norm(h + self.attend(h, h, h, need_weights=False)[0]).tanh().mean(1)
        return self.head(self.drop(self.groups(self.batch(h))))  # type: ignore[no-any-return]


class Tokens(Classification):
    """Integer inputs to a module that only vmap and the serial executor can run."""

    name: ClassVar[str] = "test-tokens"

    def dataset(self) -> Dataset:
        generator = torch.Generator().manual_seed(8)
        x = torch.randint(11, (42, 5), generator=generator)
        y = torch.randint(3, (42,), generator=generator)
        return Dataset(x[:33], y[:33], x[33:], y[33:])

    def module(self) -> nn.Module:
        return Sentences()


class Branching(nn.Linear):
    """Reads a value and draws noise by itself: nothing that can be vectorised."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = super().forward(nn.functional.dropout(x, 0.2, self.training))
        return h if h.sum() > 0 else 2 * h


class Untraceable(Classification):
    """A problem that only the serial executor can run."""

    name: ClassVar[str] = "test-untraceable"

    def dataset(self) -> Dataset:
        return examples(33, 9, (13,), 3)

    def module(self) -> nn.Module:
        return Branching(13, 3)


for _problem in (Blobs, Zeros, Linear, Convolutions, Tokens, Untraceable):
    catalog.problems.add(
        ProblemEntry(_problem.name, "A test problem.", cap=1.1, metrics=METRICS, train_size=33)
    )
    registry.add(_problem)


HYPER: dict[str, Callable[[int], Scalar]] = {
    "lr": lambda k: 0.01 * 1.3 ** (k % 7),
    "lr_in": lambda k: 0.5 + 0.1 * (k % 5),
    "lr_out": lambda k: 0.01 * 1.2 ** (k % 7),
    "gamma": lambda k: (k % 4) / 3,
    "beta": lambda k: 0.1 + 0.2 * (k % 3),
    "momentum": lambda k: 0.3 * (k % 3),
    "beta1": lambda k: 0.8 + 0.03 * (k % 3),
    "beta2": lambda k: 0.99 + 0.003 * (k % 3),
    "weight_decay": lambda k: 0.01 * (k % 2),
}
"""Every vector that may vary inside a pack, as a function of the trial's number."""


def hyper(direction: str, rule: str, k: int) -> dict[str, Scalar]:
    resolved: dict[str, Scalar] = {}
    entries = (
        catalog.directions.get(direction, "direction"),
        catalog.rules.get(rule, "rule"),
        catalog.common,
    )
    for entry in entries:
        names = {p.name for p in entry.parameters}
        resolved |= entry.resolve({n: f(k) for n, f in HYPER.items() if n in names}, "hyper")
    return resolved


def make_plan(
    direction: str = "adam", rule: str = "hybrid", size: int = 3, **fields: object
) -> PackPlan:
    trials = tuple(
        TrialPlan(k, seed=k % 3, init_scale=0.5 + 0.25 * (k % 4), hyper=hyper(direction, rule, k))
        for k in range(size)
    )
    settings: dict[str, object] = {
        "problem": "test-blobs",
        "problem_parameters": {},
        "epochs": 1,
        "batch_size": 11,
        "trials": trials,
        "goal_metric": "val_loss",
    }
    return PackPlan(direction=direction, rule=rule, **(settings | fields))  # type: ignore[arg-type]


@pytest.fixture
def plan() -> Callable[..., PackPlan]:
    return make_plan


@pytest.fixture(autouse=True)
def _compiler_for_compiled(request: pytest.FixtureRequest) -> None:
    """Skip what asks for the compiled executor where no compiler can build it."""
    call = getattr(request.node, "callspec", None)
    if call is not None and "compiled" in call.params.values() and not compiler_works():
        pytest.skip("needs a C++ compiler")


def _moved(module: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """As ``module.to``, which cannot exchange real parameters for fake ones."""
    for part in module.modules():
        for name, parameter in part.named_parameters(recurse=False):
            part.register_parameter(name, nn.Parameter(parameter.detach().to(device, dtype)))
        for name, buffer in part.named_buffers(recurse=False):
            part._buffers[name] = buffer.to(device, dtype if buffer.is_floating_point() else None)
    return module


@pytest.fixture
def fake_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A pretended GPU. Autograd's engine asks for a real one, so there are no backward passes."""
    monkeypatch.setattr(nn.Module, "to", _moved)
    monkeypatch.setattr(choice, "unable", lambda *_: None)
    monkeypatch.setattr(module_checks, "examine", lambda *_: None)
    monkeypatch.setattr(module_checks, "check_scoring", lambda *_: None)
    monkeypatch.setattr(mlp, "other_than_classes", lambda *_: None)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield
