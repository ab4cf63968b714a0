"""What turns on the choices: the same tables with one choice changed at a time."""

from dataclasses import replace

import torch
from torch import Tensor

from gofau.reproduce.protocol import Protocol, convex, convex_case, rosenbrock


def booth(x: Tensor) -> Tensor:
    """(a + 2b − 7)² + (2a + b − 5)²: a quadratic that is not aligned with the axes, at (1, 3)."""
    a, b = x[..., 0], x[..., 1]
    return (a + 2 * b - 7).square() + (2 * a + b - 5).square()


def quartic(x: Tensor) -> Tensor:
    """½·|x − 1|² + ¼·Σ (xᵢ − 1)⁴: convex, with a gradient that grows with the cube far out."""
    gap = (x - 1).square()
    return torch.stack([gap / 2, gap.square() / 4]).sum((0, -1))


def variants(declared: Protocol) -> list[Protocol]:
    """The declared protocol with one choice changed at a time."""
    return [
        replace(declared, label="T2 draws lr near the tuned", reading="near"),
        replace(declared, label="T2 draws lr from the window", reading="window"),
        replace(declared, label="T2 starts in any direction", starts="any-direction"),
        replace(declared, label="tuned by the loss", tune_by="loss"),
        replace(declared, label="windows of 3 decades", decades=3.0),
        replace(declared, label="windows of 6 decades", decades=6.0),
        replace(declared, label="lr window up to 1 everywhere", scaled=False),
        replace(declared, label="convex minimum at 0", convex=convex(minimum=(0.0, 0.0))),
        replace(
            declared,
            label="convex start across zero",
            convex=convex(towards=(-1.0, 1.0)),
            starts="any-direction",
        ),
        replace(declared, label="convex start (67, 22)", convex=convex(towards=(66.0, 21.0))),
        replace(declared, label="convex start (7, 70)", convex=convex(towards=(6.0, 69.0))),
        replace(declared, label="convex condition 1", convex=convex(condition=1.0)),
        replace(declared, label="convex condition 1000", convex=convex(condition=1000.0)),
        replace(
            declared, label="convex: Booth", convex=convex_case(booth, (1.0, 3.0))
        ),
        replace(
            declared, label="convex: quartic", convex=convex_case(quartic, (1.0, 1.0))
        ),
        replace(declared, label="Rosenbrock from (0.5, 3)", rosenbrock=rosenbrock((0.5, 3.0))),
        replace(declared, label="Rosenbrock from (3, 1.5)", rosenbrock=rosenbrock((3.0, 1.5))),
        replace(declared, label="Rosenbrock from (3, 0.5)", rosenbrock=rosenbrock((3.0, 0.5))),
        replace(
            declared,
            label="Rosenbrock from (-1, 0.5)",
            rosenbrock=rosenbrock((-1.0, 0.5)),
            starts="any-direction",
        ),
    ]
