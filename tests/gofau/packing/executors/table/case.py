"""A row of the table: a module, its data, its loss and measure, and which executors take it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from gofau import catalog
from gofau.catalog import ProblemEntry
from gofau.catalog.metrics import MetricEntry
from gofau.problems import Augmentation, Classification, Dataset, Problem, registry
from tests.gofau.packing.conftest import METRICS

TRAIN, VAL = 35, 13
"""Neither is a multiple of a batch or of a chunk of the table's tests."""

Loss = Callable[[Tensor, Tensor], Tensor]
Measure = Callable[[Tensor, Tensor], dict[str, object]]


class Net(nn.Module):
    """Modules, parameters and buffers by name, and a function of them as the forward pass."""

    def __init__(self, run: Callable[..., object], **parts: object) -> None:
        super().__init__()
        for name, part in parts.items():
            if isinstance(part, Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)
        self._run = run

    def forward(self, x: Tensor) -> object:
        return self._run(self, x)


def _data(shape: tuple[int, ...], target: Callable[[torch.Generator, int], Tensor]) -> Dataset:
    generator = torch.Generator().manual_seed(17)
    x = torch.randn(TRAIN + VAL, *shape, generator=generator)
    y = target(generator, TRAIN + VAL)
    return Dataset(x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:])


def classes(*shape: int, of: int = 3) -> Callable[[torch.Generator, int], Tensor]:
    return lambda generator, size: torch.randint(of, (size, *shape), generator=generator)


def numbers(*shape: int) -> Callable[[torch.Generator, int], Tensor]:
    return lambda generator, size: torch.randn(size, *shape, generator=generator)


def rows(target: Callable[[torch.Generator, int], Tensor] | None = None) -> Dataset:
    return _data((6,), target or classes())


def images(target: Callable[[torch.Generator, int], Tensor] | None = None) -> Dataset:
    return _data((2, 6, 6), target or classes())


def sequences(target: Callable[[torch.Generator, int], Tensor] | None = None) -> Dataset:
    return _data((4, 6), target or classes())


def tokens(target: Callable[[torch.Generator, int], Tensor] | None = None) -> Dataset:
    """Five of eleven words each; the first examples hold no word 0."""
    made = _data((5,), target or classes())
    train, val = ((x.abs() * 5).long().clamp(1, 10) for x in (made.train_x, made.val_x))
    train[20:, 2] = 0
    val[9:, 2] = 0
    return Dataset(train, made.train_y, val, made.val_y)


@dataclass(frozen=True)
class Case:
    """One problem of the table.

    Args:
        on: the executors that take it, in the order in which ``auto`` prefers them.
        make: its module.
        data: its data set.
        loss: its own, or the softmax cross-entropy.
        measure: its own, or cross-entropy and accuracy.
        metrics: what the catalog promises.
        scale: init scales of the trials, or 1 for modules that have none.
        base: a class of its own, where loss and measure come in another way.
        augmentation: of its training inputs.
    """

    on: str
    make: Callable[[], nn.Module]
    data: Callable[[], Dataset] = rows
    loss: Loss | None = None
    measure: Measure | None = None
    metrics: tuple[str | MetricEntry, ...] = METRICS
    scale: bool = True
    base: type[Problem] | None = None
    augmentation: Augmentation | None = field(default=None)


class TableProblem(Problem):
    """What a row says; abstract methods come from `problem_of`."""

    case: ClassVar[Case]

    def dataset(self) -> Dataset:
        return self.case.data()

    def module(self) -> nn.Module:
        return self.case.make()


class Plain(TableProblem, Classification):
    """A classification as it is."""


def problem_of(name: str, case: Case) -> type[Problem]:
    """The problem class of a row, entered into catalog and registry under ``name``."""
    members: dict[str, object] = {"name": name, "case": case}
    if case.loss is not None:
        members["loss"] = _method(case.loss)
    if case.measure is not None:
        members["measure"] = _method(case.measure)
    if case.augmentation is not None:
        members["augmentation"] = staticmethod(case.augmentation)
    made = type(name, (case.base or Plain,), members)
    catalog.problems.add(ProblemEntry(name, "A test problem.", cap=9.0, metrics=case.metrics))
    registry.add(made)
    return made


def _method(function: Callable[[Tensor, Tensor], object]) -> Callable[..., object]:
    return lambda _self, output, target: function(output, target)
