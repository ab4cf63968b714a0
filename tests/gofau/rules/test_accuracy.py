"""Rules keep their digits where a formula in exact arithmetic would not say how."""

import math

import pytest
import torch

from gofau import Gofau
from gofau.optim.implementations import implementations

CASES = [
    (theta, beta, angle)
    for theta in (1.0, -1.0, 0.3, 0.0, 1e-6)
    for beta in (1e-3, 1.0, 1e3)
    for angle in (5.0, -5.0, 1.5, -0.7, 1e-4, 7.0)
]


def exact(theta: float, beta: float, angle: float) -> float:
    """β·sinh(asinh(θ/β) − a) of the numbers that float32 makes of its arguments."""
    theta, beta, angle = (float(torch.tensor(x)) for x in (theta, beta, angle))
    return beta * math.sinh(math.asinh(theta / beta) - angle)


@pytest.mark.parametrize("implementation", implementations)
def test_hypentropy_keeps_its_digits_at_large_angles(implementation):
    for beta in sorted({beta for _, beta, _ in CASES}):
        rows = [(t, a) for t, b, a in CASES if b == beta]
        param = torch.nn.Parameter(torch.tensor([t for t, _ in rows]))
        param.grad = torch.tensor([a for _, a in rows])
        optimizer = Gofau(
            [param], "sgd", "hypentropy", lr=1.0, beta=beta, implementation=implementation
        )
        optimizer.step()
        expected = torch.tensor([exact(t, beta, a) for t, a in rows])
        torch.testing.assert_close(param.detach(), expected, rtol=3e-6, atol=3e-7 * beta)


@pytest.mark.parametrize("implementation", implementations)
def test_a_parameter_far_above_beta_shrinks_as_published(implementation):
    param = torch.nn.Parameter(torch.tensor([1.0, -1.0]))
    param.grad = torch.tensor([5.0, -5.0])
    optimizer = Gofau(
        [param], "sgd", "hypentropy", lr=1.0, beta=1e-3, implementation=implementation
    )
    optimizer.step()
    assert param.tolist() == pytest.approx([6.7009e-3, -6.7009e-3], rel=1e-4)
