"""What turns on the choices: the same tables with one choice changed at a time."""

from dataclasses import replace

import torch
from torch import Tensor

from reproduce.protocol import Protocol, convex, convex_case, rosenbrock


def booth(x: Tensor) -> Tensor:
    """(a + 2b − 7)² + (2a + b − 5)²: a quadratic that is not aligned with the axes, at (1, 3)."""
    a, b = x[..., 0], x[..., 1]
    return (a + 2 * b - 7).square() + (2 * a + b - 5).square()


def quartic(x: Tensor) -> Tensor:
    """½·|x − 1|² + ¼·Σ (xᵢ − 1)⁴: convex, with a gradient that grows with the cube far out."""
    gap = (x - 1).square()
    return torch.stack([gap / 2, gap.square() / 4]).sum((0, -1))


def light(main: Protocol) -> Protocol:
    """The main protocol, tuned by 750 draws instead of 3,600: what one change is compared with."""
    return replace(main, label="main, 750 draws", draws=150, rounds=5, zoom=3.0)


def third(main: Protocol) -> Protocol:
    """The main protocol but for the hybrid rule's search, which began nowhere in particular."""
    return replace(main, label="the third protocol", nested=False)


def second(main: Protocol) -> Protocol:
    """The choices that were run second."""
    shorter = replace(third(main), draws=100, rounds=5, zoom=3.0)
    return replace(shorter, label="the second protocol", rosenbrock=rosenbrock((0.5, 3.0)))


def first(main: Protocol) -> Protocol:
    """The choices that were run first."""
    return replace(
        second(main),
        label="the first protocol",
        convex=convex(tilt=0.0),
        rosenbrock=rosenbrock((1.5, 3.0)),
        decades=4.0,
        reach=1.0,
        tune_on="start",
        rounds=1,
    )


def per_axis(main: Protocol) -> Protocol:
    """Tuned on the start itself by 8 draws an axis: 8 additive, 64 multiplicative, 4,096 hybrid."""
    alone = replace(main, label="tuned on the start, 8 an axis", tune_on="start", nested=False)
    return replace(alone, per_axis=8, rounds=1)


def variants(main: Protocol) -> list[Protocol]:
    """The earlier protocols, the main one with another search, and changes to the `light` one."""
    base = light(main)
    return [
        first(main),
        second(main),
        third(main),
        replace(main, label="main, tuned on the start", tune_on="start"),
        per_axis(main),
        base,
        replace(base, label="150 draws, no rounds", rounds=1),
        replace(base, label="T2: random lr near the tuned", reading="near"),
        replace(base, label="T2: random lr in the window", reading="window"),
        replace(base, label="starts in any direction", starts="any-direction"),
        replace(base, label="tuned by the loss", tune_by="loss"),
        replace(base, label="windows of 4 decades", decades=4.0),
        replace(base, label="windows of 6 decades", decades=6.0),
        replace(base, label="lr up to the distance", reach=1.0),
        replace(base, label="convex: no tilt", convex=convex(tilt=0.0)),
        replace(base, label="convex: tilt 45", convex=convex(tilt=45.0)),
        replace(base, label="convex: tilt 80", convex=convex(tilt=80.0)),
        replace(base, label="convex: tilt -10", convex=convex(tilt=-10.0)),
        replace(base, label="convex: condition 10", convex=convex(condition=10.0)),
        replace(base, label="convex: condition 1000", convex=convex(condition=1000.0)),
        replace(base, label="convex: minimum at 0", convex=convex(minimum=(0.0, 0.0))),
        replace(base, label="convex: start (67, 22)", convex=convex(towards=(66.0, 21.0))),
        replace(base, label="convex: start across zero", convex=convex(towards=(-1.0, 1.0))),
        replace(base, label="convex: Booth", convex=convex_case(booth, (1.0, 3.0))),
        replace(base, label="convex: quartic", convex=convex_case(quartic, (1.0, 1.0))),
        replace(base, label="Rosenbrock from (1.5, 3)", rosenbrock=rosenbrock((1.5, 3.0))),
        replace(base, label="Rosenbrock from (3, 0.5)", rosenbrock=rosenbrock((3.0, 0.5))),
        replace(base, label="Rosenbrock from (2.6, 2.3)", rosenbrock=rosenbrock((2.6, 2.3))),
        replace(base, label="Rosenbrock from (-1, 0.5)", rosenbrock=rosenbrock((-1.0, 0.5))),
    ]
