"""Classical test functions, each written once for one point or a stack of points.

Every function maps points ``[..., d]`` to values ``[...]``, is free of branches on tensor values
and is differentiable, so that the gradient of the sum over a stack is the stack of gradients.
"""

from math import pi

import torch
from torch import Tensor


def parabola(w: Tensor) -> Tensor:
    """½·4·w², the smallest problem with a known largest stable step, ½."""
    return 2 * w[..., 0].square()


def diagonal_quadratic(x: Tensor, curvatures: Tensor, centre: Tensor) -> Tensor:
    """½·Σ λᵢ·(xᵢ − cᵢ)².

    Args:
        x: points, ``[..., d]``.
        curvatures: λ, ``[d]``, each > 0.
        centre: c, ``[d]``, the minimum.

    Returns:
        Tensor: values, ``[...]``.
    """
    curvatures, centre = curvatures.to(x), centre.to(x)
    return (curvatures * (x - centre).square()).sum(-1) / 2


def turned_quadratic(x: Tensor, curvatures: Tensor, turn: Tensor, centre: Tensor) -> Tensor:
    """½·Σ λᵢ·(Rᵀ(x − c))ᵢ²: a quadratic whose axes are the columns of R.

    Args:
        x: points, ``[..., d]``.
        curvatures: λ, ``[d]``, each > 0.
        turn: R, orthogonal, ``[d, d]``.
        centre: c, ``[d]``, the minimum.

    Returns:
        Tensor: values, ``[...]``.
    """
    along = (x - centre.to(x)) @ turn.to(x)
    return (curvatures.to(x) * along.square()).sum(-1) / 2


def rosenbrock(x: Tensor) -> Tensor:
    """(1 − a)² + 100·(b − a²)²: a curved valley with its minimum at (1, 1).

    Source: Rosenbrock, The Computer Journal 3 (1960).
    """
    a, b = x[..., 0], x[..., 1]
    return (1 - a).square() + 100 * (b - a.square()).square()


def beale(x: Tensor) -> Tensor:
    """Σₖ (tₖ − a·(1 − bᵏ))² with t = (1.5, 2.25, 2.625): flat far out, minimum at (3, ½).

    Source: Moré, Garbow, Hillstrom, ACM TOMS 7 (1981), problem 5.
    """
    a, b = x[..., 0], x[..., 1]
    residuals = [t - a * (1 - b**k) for k, t in ((1, 1.5), (2, 2.25), (3, 2.625))]
    return torch.stack(residuals).square().sum(0)


def branin(x: Tensor) -> Tensor:
    """(b − 5.1·a²/(4π²) + 5·a/π − 6)² + 10·(1 − 1/(8π))·cos a + 10: three equal minima.

    Source: Dixon, Szegő, Towards Global Optimisation 2 (1978).
    """
    a, b = x[..., 0], x[..., 1]
    bend = b - 5.1 / (4 * pi**2) * a.square() + 5 / pi * a - 6
    return bend.square() + 10 * (1 - 1 / (8 * pi)) * a.cos() + 10


def rastrigin(x: Tensor) -> Tensor:
    """10·d + Σ (xᵢ² − 10·cos(2π·xᵢ)): a lattice of local minima, the lowest at 0.

    Source: Rastrigin (1974), in the d-dimensional form of Mühlenbein, Schomisch, Born (1991).
    """
    return (x.square() - 10 * (2 * pi * x).cos() + 10).sum(-1)


def himmelblau(x: Tensor) -> Tensor:
    """(a² + b − 11)² + (a + b² − 7)²: four equal minima.

    Source: Himmelblau, Applied Nonlinear Programming (1972).
    """
    a, b = x[..., 0], x[..., 1]
    return (a.square() + b - 11).square() + (a + b.square() - 7).square()


def deep_linear(w: Tensor, target: Tensor, depth: int) -> Tensor:
    """½·‖W_L···W₂·W₁ − T‖²: a linear network of ``depth`` square layers on white inputs.

    The balanced minimum of a target with largest singular value σ has top curvature L·σ^(2 − 2/L).

    Args:
        w: the layers behind one another, W₁ first, ``[..., depth·n·n]``.
        target: T, ``[n, n]``.
        depth: L, >= 1.

    Returns:
        Tensor: values, ``[...]``.

    Source: Saxe, McClelland, Ganguli, arXiv 1312.6120; curvature: Mulayoff, Michaeli, ICML 2020.
    """
    layers = w.reshape(*w.shape[:-1], depth, *target.shape)
    product = layers[..., 0, :, :]
    for i in range(1, depth):
        product = layers[..., i, :, :] @ product
    return (product - target.to(w)).square().sum((-2, -1)) / 2
