"""Losses over learning rate and init scale whose basins have a known area, in decades."""

from collections.abc import Callable

import numpy as np

from gofau_studies.arrays import Floats
from gofau_studies.refine.choose import Sides, midpoints

CAP = 2.3
TOLERANCE = 0.3
Shape = Callable[[Floats], Sides]


def disc(points: Floats) -> Sides:
    """A round bowl, with no edge of stability inside the grid."""
    x, z = points.T
    return Sides(np.minimum((x + 1) ** 2 + z**2, CAP), np.zeros(len(points)))


def valley(points: Floats) -> Sides:
    """A slanting valley that a step in the loss cuts off: training diverges beyond it."""
    x, z = points.T
    away = x + 1 - 0.8 * z
    dead = away > 0.4
    return Sides(np.where(dead, CAP, np.minimum(away**2 + 0.4 * z**2, CAP)), dead * 1.0)


def quadratic(points: Floats) -> Sides:
    """Gradient descent on ½·4·w² from w₀ = s: loss 2·s²·(1 − 4·lr)¹⁰⁰ after 50 steps."""
    lr, scale = 10 ** points[:, 0], 10 ** points[:, 1]
    with np.errstate(over="ignore"):
        loss = 2 * scale**2 * (1 - 4 * lr) ** 100
    return Sides(np.minimum(loss, CAP), (np.abs(1 - 4 * lr) > 1) * 1.0)


SHAPES: dict[str, Shape] = {"disc": disc, "valley": valley, "quadratic": quadratic}


def grid(rows: int, columns: int) -> tuple[Floats, tuple[float, float]]:
    """A grid over [1e-3, 10] × [0.1, 10] in decades, and its steps."""
    x, z = np.linspace(-3, 1, rows), np.linspace(-1, 1, columns)
    points = np.stack(np.meshgrid(x, z, indexing="ij"), axis=-1).reshape(-1, 2)
    return points, (4 / (rows - 1), 2 / (columns - 1))


def true_area(shape: Shape) -> float:
    """The basin's area on a grid far finer than any study's."""
    points, _ = grid(1601, 801)
    cost = shape(points).cost
    return float((cost <= cost.min() + TOLERANCE).mean()) * 8


def refined(shape: Shape, rows: int, columns: int, added: int, rounds: int) -> Floats:
    """Points of a grid with ``added`` ones in ``rounds``."""
    points, steps = grid(rows, columns)
    for number in range(1, rounds + 1):
        sides = shape(points)
        count = added * number // rounds - added * (number - 1) // rounds
        level = float(sides.cost.min()) + TOLERANCE
        points = np.concatenate([points, midpoints(points, sides, level, count, steps)])
    return points
