"""The toys by name: a loss, where training starts, and where it should end."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import cos, pi, radians, sin

import torch
from torch import Tensor

from gofau.catalog import Registry
from gofau.problems.toys.functions import (
    beale,
    branin,
    deep_linear,
    diagonal_quadratic,
    himmelblau,
    parabola,
    rastrigin,
    rosenbrock,
    turned_quadratic,
)
from gofau.problems.toys.regression import least_squares, logistic, weyl_design

Loss = Callable[[Tensor], Tensor]
Point = tuple[float, ...]


@dataclass(frozen=True)
class Toy:
    """A test problem of a few numbers, trained by full gradients.

    Args:
        name: unique; the catalog's entry has the same.
        loss: points ``[..., d]`` to values ``[...]``.
        start: where training starts, d numbers.
        minima: the global minima in closed form (one of them where they form a manifold; none
            where there is no closed form).
    """

    name: str
    loss: Loss
    start: Point
    minima: tuple[Point, ...] = ()


def hessian(loss: Loss, at: Point) -> Tensor:
    """The second derivatives at a point, ``[d, d]`` in fp64.

    Args:
        loss: points ``[d]`` to a value.
        at: d numbers.
    """
    # Reverse over reverse: forward mode compiles scripts, which torch deprecates with a warning.
    second: Tensor = torch.func.jacrev(torch.func.jacrev(loss))(
        torch.tensor(at, dtype=torch.float64)
    )
    return second


def largest_stable_lr(loss: Loss, at: Point) -> float:
    """2/λ with λ the largest curvature at a minimum: gradient descent above it moves away.

    Args:
        loss: points ``[d]`` to a value.
        at: a minimum, d numbers.

    Returns:
        float: the step size, in the parameters' units squared over the loss's.
    """
    return 2 / float(torch.linalg.eigvalsh(hessian(loss, at))[-1])


toys: Registry[Toy] = Registry("toy")

_ORIGIN = (0.0, 0.0)


def conditioned(condition: float, size: int = 10) -> Loss:
    """A `diagonal_quadratic` with ``size`` curvatures log-spaced from 1/condition to 1, at ones."""
    exponents = torch.linspace(-1, 0, size, dtype=torch.float64)
    curvatures = torch.tensor(condition, dtype=torch.float64) ** exponents
    return partial(diagonal_quadratic, curvatures=curvatures, centre=torch.ones(size))


CONVEX_CONDITION = 45.6
CONVEX_TILT = 10.0
CONVEX_DISTANCE = 69.26


def tilted(condition: float, tilt: float, centre: Point) -> Loss:
    """½·(x − c)ᵀ·R·diag(1, κ)·Rᵀ·(x − c) with R the rotation by ``tilt``.

    Args:
        condition: κ >= 1.
        tilt: of the axis of curvature 1 against the first coordinate, in degrees.
        centre: c, the minimum, two numbers.
    """
    cosine, sine = cos(radians(tilt)), sin(radians(tilt))
    turn = torch.tensor([[cosine, -sine], [sine, cosine]], dtype=torch.float64)
    curvatures = torch.tensor([1.0, condition], dtype=torch.float64)
    return partial(
        turned_quadratic,
        curvatures=curvatures,
        turn=turn,
        centre=torch.tensor(centre, dtype=torch.float64),
    )


def convex_2d() -> Toy:
    """A quadratic of condition 45.6, tilted by 10°, from 69.26 away on the diagonal.

    It stands in for the convex function of Kirtas, Passalis, Tefas (arXiv 2307.07189), which is
    not public; `reproduce` says why this one.
    """
    start = (1 + CONVEX_DISTANCE / 2**0.5,) * 2
    centre = (1.0, 1.0)
    return Toy("convex-2d", tilted(CONVEX_CONDITION, CONVEX_TILT, centre), start, (centre,))


def _linear() -> Toy:
    truth = (1.0, -0.5, 2.0, -1.5, 0.25, -2.0, 1.5, 0.75)
    design = weyl_design(64, len(truth))
    answers = design @ torch.tensor(truth, dtype=torch.float64)
    loss = partial(least_squares, design=design, answers=answers)
    return Toy("linear-regression", loss, (0.5,) * len(truth), (truth,))


def _sparse() -> Toy:
    truth = (1.0,) * 3 + (0.0,) * 61
    design = weyl_design(128, len(truth))
    answers = design @ torch.tensor(truth, dtype=torch.float64)
    loss = partial(least_squares, design=design, answers=answers)
    return Toy("sparse-regression", loss, (1 / len(truth),) * len(truth), (truth,))


def _logistic() -> Toy:
    design = weyl_design(64, 8)
    slopes = torch.tensor([1.0, -1.0] * 4, dtype=torch.float64)
    # Every eighth label is turned round, so that the classes overlap.
    signs = torch.where(design @ slopes > 0, 1.0, -1.0).to(torch.float64)
    signs[::8] *= -1
    loss = partial(logistic, design=design, signs=signs, penalty=0.01)
    return Toy("logistic-regression", loss, (0.5,) * 8)


def _deep_linear() -> Toy:
    # Off-diagonal entries start away from zero, since some rules never move a zero.
    layer = (0.6, 0.1, 0.1, 0.1, 0.6, 0.1, 0.1, 0.1, 0.6)
    target = torch.diag(torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64))
    root = target ** (1 / 3)
    balanced = tuple(root.flatten().tolist())
    loss = partial(deep_linear, target=target, depth=3)
    return Toy("deep-linear", loss, layer * 3, (balanced * 3,))


for _toy in (
    Toy("quadratic", parabola, (1.0,), ((0.0,),)),
    Toy("quadratic-cond-1e2", conditioned(1e2), (2.0,) * 10, ((1.0,) * 10,)),
    Toy("quadratic-cond-1e4", conditioned(1e4), (2.0,) * 10, ((1.0,) * 10,)),
    Toy("quadratic-cond-1e6", conditioned(1e6), (2.0,) * 10, ((1.0,) * 10,)),
    convex_2d(),
    Toy("rosenbrock", rosenbrock, (-1.2, 1.0), ((1.0, 1.0),)),
    Toy("beale", beale, (1.0, 1.0), ((3.0, 0.5),)),
    Toy("branin", branin, (2.5, 12.5), ((pi, 2.275), (-pi, 12.275), (3 * pi, 2.475))),
    Toy("rastrigin", rastrigin, (-2.0, 3.5), (_ORIGIN,)),
    Toy(
        "himmelblau",
        himmelblau,
        _ORIGIN,
        (
            (3.0, 2.0),
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170),
            (3.584428340330492, -1.848126526964404),
        ),
    ),
    _linear(),
    _logistic(),
    _sparse(),
    _deep_linear(),
):
    toys.add(_toy)


def toy(name: str) -> Toy:
    """The toy of that name, or a `gofau.catalog.CatalogError` that lists the names."""
    return toys.get(name, "toy")
