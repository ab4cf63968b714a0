"""Known values of the toy suite: starts, minima, curvatures."""

from itertools import pairwise

import pytest
import torch

from gofau.catalog import CatalogError
from gofau.catalog import problems as catalog
from gofau.problems.toys import Point, Toy, hessian, largest_stable_lr, toy, toys
from gofau.problems.toys.regression import primes, weyl_design

F64 = torch.float64
ALL = list(toys.entries)
CLOSED_FORM = [name for name in ALL if toys.entries[name].minima]


def at(name: str, point: Point) -> float:
    return float(toy(name).loss(torch.tensor(point, dtype=F64)))


def gradient(some: Toy, points: torch.Tensor) -> torch.Tensor:
    points = points.clone().requires_grad_()
    return torch.autograd.grad(some.loss(points).sum(), points)[0]


@pytest.mark.parametrize(
    ("name", "start", "value"),
    [
        ("quadratic", (1.0,), 2.0),
        ("rosenbrock", (-1.2, 1.0), 24.2),
        ("beale", (1.0, 1.0), 14.203125),
        ("branin", (2.5, 12.5), 95.84467),
        ("rastrigin", (-2.0, 3.5), 36.25),
        ("himmelblau", (0.0, 0.0), 170.0),
    ],
)
def test_published_starts(name: str, start: Point, value: float) -> None:
    assert toy(name).start == start
    assert at(name, start) == pytest.approx(value, abs=5e-6)


@pytest.mark.parametrize(
    ("name", "lr"),
    [
        ("quadratic", 0.5),
        ("quadratic-cond-1e2", 2.0),
        ("quadratic-cond-1e4", 2.0),
        ("quadratic-cond-1e6", 2.0),
        ("convex-2d", 2 / 45.6),
        ("rosenbrock", 0.0019968),
        ("beale", 0.0408332),
        ("rastrigin", 0.00504052),
        ("himmelblau", 0.024306),
        ("deep-linear", 2 / (3 * 3 ** (4 / 3))),
    ],
)
def test_largest_stable_lr(name: str, lr: float) -> None:
    found = largest_stable_lr(toy(name).loss, toy(name).minima[0])
    assert found == pytest.approx(lr, rel=3e-6)


@pytest.mark.parametrize("name", ALL)
def test_catalog_caps_at_the_start(name: str) -> None:
    assert catalog.get(name, "problem").cap == pytest.approx(at(name, toy(name).start), rel=1e-12)


@pytest.mark.parametrize("name", CLOSED_FORM)
def test_every_minimum_is_stationary_and_takes_the_optimum(name: str) -> None:
    for minimum in toy(name).minima:
        assert at(name, minimum) == pytest.approx(catalog.get(name, "problem").optimum, abs=1e-9)
        slope = gradient(toy(name), torch.tensor(minimum, dtype=F64))
        assert slope.abs().max() < 1e-6


@pytest.mark.parametrize("name", CLOSED_FORM)
def test_no_point_lies_below_the_minimum(name: str) -> None:
    some = toy(name)
    generator = torch.Generator().manual_seed(0)
    for spread in (1e-2, 1.0, 10.0):
        noise = torch.randn(500, len(some.start), dtype=F64, generator=generator)
        around = torch.tensor(some.minima[0], dtype=F64) + spread * noise
        assert some.loss(around).min() >= at(name, some.minima[0])


@pytest.mark.parametrize("name", [n for n in CLOSED_FORM if n != "deep-linear"])
@pytest.mark.parametrize(("factor", "shrinks"), [(0.95, True), (1.05, False)])
def test_gradient_descent_turns_unstable_at_that_lr(
    name: str, factor: float, shrinks: bool
) -> None:
    some = toy(name)
    minimum = torch.tensor(some.minima[0], dtype=F64)
    curvature = hessian(some.loss, some.minima[0])
    steepest = torch.linalg.eigh(curvature).eigenvectors[:, -1]
    lr = factor * largest_stable_lr(some.loss, some.minima[0])
    point = minimum + 1e-6 * steepest
    for _ in range(20):
        point = point - lr * gradient(some, point)
    assert bool((point - minimum).norm() < 1e-6) is shrinks


@pytest.mark.parametrize("name", ALL)
def test_a_stack_gives_each_row_its_own_value_and_gradient(name: str) -> None:
    some = toy(name)
    start = torch.tensor(some.start, dtype=F64)
    points = torch.stack([start, start + 0.25, start - 0.5])
    stacked = gradient(some, points)
    for row, slope in zip(points, stacked, strict=True):
        assert some.loss(points).shape == (3,)
        torch.testing.assert_close(slope, gradient(some, row), rtol=1e-12, atol=1e-12)


def test_logistic_regression_has_the_optimum_that_newton_finds() -> None:
    some = toy("logistic-regression")
    w = torch.tensor(some.start, dtype=F64)
    for _ in range(30):
        curvature = hessian(some.loss, tuple(w.tolist()))
        w = w - torch.linalg.solve(curvature, gradient(some, w))
    assert float(some.loss(w)) == pytest.approx(
        catalog.get("logistic-regression", "problem").optimum, abs=1e-13
    )


@pytest.mark.parametrize("condition", [1e2, 1e4, 1e6])
def test_condition_numbers(condition: float) -> None:
    some = toy(f"quadratic-cond-1e{len(str(int(condition))) - 1}")
    values = torch.linalg.eigvalsh(hessian(some.loss, (1.0,) * 10))
    assert float(values[-1] / values[0]) == pytest.approx(condition, rel=1e-9)
    ratios = [float(b / a) for a, b in pairwise(values)]
    assert ratios == pytest.approx([condition ** (1 / 9)] * 9, rel=1e-9)


def test_the_convex_function_starts_where_the_paper_does() -> None:
    some = toy("convex-2d")
    gap = torch.tensor(some.start, dtype=F64) - torch.tensor(some.minima[0], dtype=F64)
    assert float(gap.norm()) == pytest.approx(69.26, abs=1e-9)


def test_the_design_looks_random_and_is_not() -> None:
    design = weyl_design(128, 64)
    assert primes(6) == [2, 3, 5, 7, 11, 13]
    assert design.abs().max() <= 3**0.5
    assert design.mean(0).abs().max() < 0.15
    assert (design.square().mean(0) - 1).abs().max() < 0.2
    assert torch.equal(design, weyl_design(128, 64))


def test_an_unknown_toy_names_the_known_ones() -> None:
    with pytest.raises(CatalogError, match=r"toy: got 'sphere', expected a known toy: quadratic,"):
        toy("sphere")
