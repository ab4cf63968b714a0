"""The digits problems: their data, modules and refusals."""

import sys

import pytest
import torch
from torch import nn

from gofau.catalog import CatalogError
from gofau.problems import problem
from gofau.problems.digits import digits


def test_the_split_is_fixed_and_standardized() -> None:
    data = digits()
    assert (data.train_x.shape, data.val_x.shape) == ((1437, 64), (360, 64))
    assert data.train_x.dtype == torch.float32
    assert data.train_y.dtype == torch.int64
    assert data.train_x.mean().item() == pytest.approx(0, abs=1e-5)
    assert data.train_x.std().item() == pytest.approx(1, abs=1e-5)
    assert sorted(data.val_y.unique().tolist()) == list(range(10))
    digits.cache_clear()
    assert torch.equal(digits().train_x, data.train_x)


@pytest.mark.parametrize(("width", "depth"), [(64, 1), (7, 3)])
def test_the_module_has_the_asked_for_layers(width: int, depth: int) -> None:
    module = problem("digits-mlp", {"width": width, "depth": depth}).module()
    shapes = [tuple(m.weight.shape) for m in module.modules() if isinstance(m, nn.Linear)]
    assert shapes == [(width, 64), *[(width, width)] * (depth - 1), (10, width)]


def test_loss_and_metrics_of_known_outputs() -> None:
    given = problem("digits-mlp")
    outputs = torch.zeros(4, 10)
    outputs[:2, 3] = 100.0
    target = torch.tensor([3, 3, 0, 5])
    measured = given.measure(outputs, target)
    assert given.loss(outputs, target).item() == pytest.approx(2.302585 / 2)
    assert measured["val_loss"].item() == pytest.approx(2.302585 / 2)
    assert measured["val_accuracy"].item() == 0.75


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("digit-mlp", {}, "problem: got 'digit-mlp', expected a known problem: digits-mlp"),
        ("digits-mlp", {"width": 0}, "problem.width: got 0, expected an integer in [1, 4096]"),
        ("digits-mlp", {"widht": 5}, "problem.widht: got 5, expected one of: width, depth"),
    ],
)
def test_what_is_refused(name: str, parameters: dict[str, int], message: str) -> None:
    with pytest.raises(CatalogError) as caught:
        problem(name, parameters)
    assert str(caught.value).startswith(message)


def test_a_missing_scikit_learn_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    digits.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError, match="pip install 'gofau\\[workers\\]'"):
        digits()
