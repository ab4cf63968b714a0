"""Modules of unusual make train in packs as they do alone, or are refused in words."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from gofau import catalog
from gofau.catalog import ProblemEntry
from gofau.packing import PackPlan, PlanError, run_pack
from gofau.packing.executors.dropout import StreamDropout, use_streams
from gofau.packing.program import Program
from gofau.problems import Classification, Dataset, registry
from tests.gofau.packing.conftest import METRICS, examples
from tests.gofau.packing.killed import timeless

Plans = Callable[..., PackPlan]


class Reentrant(nn.Module):
    """Enters one dropout layer twice, with inputs of two widths, and another never."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(13, 8), nn.Linear(8, 5)
        self.head = nn.Linear(5, 3)
        self.drop, self.unused = nn.Dropout(0.3), nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        h = self.drop(self.second(self.drop(self.first(x))))
        return self.head(h)  # type: ignore[no-any-return]


class Tied(nn.Module):
    """Two layers share one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = nn.Linear(13, 13), nn.Linear(13, 13), nn.Linear(13, 3)
        self.second.weight = self.first.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.first(x).tanh()).tanh())  # type: ignore[no-any-return]


class Doubling(nn.Dropout):
    """A dropout by descent only."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


def partly_held() -> nn.Module:
    module = nn.Sequential(nn.Linear(13, 5), nn.ReLU(), nn.Linear(5, 3))
    module[0].requires_grad_(False)
    return module


class Unusual(Classification):
    """A problem of one module."""

    make: ClassVar[Callable[[], nn.Module]]

    def dataset(self) -> Dataset:
        return examples(33, 9, (13,), 3)

    def module(self) -> nn.Module:
        return type(self).make()


MODULES: dict[str, Callable[[], nn.Module]] = {
    "test-reentrant": Reentrant,
    "test-tied": Tied,
    "test-doubling": lambda: nn.Sequential(nn.Linear(13, 3), Doubling(0.5)),
    "test-held": partly_held,
}
for _name, _make in MODULES.items():
    catalog.problems.add(ProblemEntry(_name, "A test problem.", cap=1.1, metrics=METRICS))
    registry.add(type(_name, (Unusual,), {"name": _name, "make": staticmethod(_make)}))


@pytest.mark.parametrize(
    ("problem", "executor"),
    [("test-reentrant", "serial"), ("test-tied", "vmap"), ("test-doubling", "vmap")],
)
def test_it_trains_as_it_does_serially(plan: Plans, problem: str, executor: str) -> None:
    given = plan("sgd", "additive", 5, problem=problem, epochs=2, dtype="float64")
    packed = timeless(list(run_pack(given)))
    assert {outcome.executor for outcome in packed.values()} == {executor}
    alone = timeless(list(run_pack(replace(given, executor="serial"), width=1)))
    for key, outcome in packed.items():
        assert outcome.curves["val_loss"] == pytest.approx(alone[key].curves["val_loss"], rel=1e-9)


def test_only_dropouts_entered_once_are_replaced(plan: Plans) -> None:
    for problem, replaced in (
        ("test-reentrant", 0),
        ("test-doubling", 0),
        ("test-convolutions", 2),
    ):
        modules = Program(plan(problem=problem)).examined.module.modules()
        assert sum(isinstance(module, StreamDropout) for module in modules) == replaced


def test_parameters_that_must_not_move_are_refused(plan: Plans) -> None:
    with pytest.raises(PlanError) as caught:
        list(run_pack(plan(problem="test-held")))
    assert str(caught.value) == (
        "problem: got 'test-held with 0.weight, 0.bias held', expected a module that trains all "
        "its parameters (make buffers of the others)"
    )


def test_a_module_is_examined_in_its_own_mode_and_leaves_it() -> None:
    module = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5))
    use_streams(module, torch.ones(4, 3))
    assert module.training
    assert int(module.get_buffer("0.num_batches_tracked")) == 0
