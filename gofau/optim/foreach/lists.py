"""Arithmetic on lists of tensors, out of place unless the name ends in an underscore.

The second operand is a number, a one-element tensor, or a list with one tensor an element; the
multi-tensor kernels take each kind by an overload of its own.
"""

from typing import TypeAlias

import torch
from torch import Tensor

Tensors: TypeAlias = list[Tensor]
Operand: TypeAlias = float | Tensor | Tensors


def mul(xs: Tensors, value: Operand) -> Tensors:
    """x·value."""
    return list(torch._foreach_mul(xs, value))


def mul_(xs: Tensors, value: Operand) -> None:
    """x ← x·value."""
    torch._foreach_mul_(xs, value)


def div(xs: Tensors, value: Operand) -> Tensors:
    """x/value."""
    return list(torch._foreach_div(xs, value))


def div_(xs: Tensors, value: Operand) -> None:
    """x ← x/value."""
    torch._foreach_div_(xs, value)


def add_(xs: Tensors, value: Operand) -> None:
    """x ← x + value."""
    torch._foreach_add_(xs, value)


def subtract_scaled_(xs: Tensors, ys: Tensors, scale: float | Tensor) -> None:
    """x ← x − scale·y."""
    if isinstance(scale, Tensor):
        torch._foreach_sub_(xs, mul(ys, scale))
    else:
        torch._foreach_add_(xs, ys, alpha=-scale)


def decay_towards_(means: Tensors, values: Tensors, beta: float | Tensor) -> None:
    """mean ← β·mean + (1 − β)·value."""
    mul_(means, beta)
    subtract_scaled_(means, values, beta - 1)


def decay_towards_square_(means: Tensors, xs: Tensors, beta: float | Tensor) -> None:
    """mean ← β·mean + (1 − β)·x²."""
    mul_(means, beta)
    if isinstance(beta, Tensor):
        subtract_scaled_(means, mul(xs, xs), beta - 1)
    else:
        torch._foreach_addcmul_(means, xs, xs, value=1 - beta)


def root_plus(xs: Tensors, divisor: Operand, eps: float | Tensor) -> Tensors:
    """√x/divisor + ε."""
    roots = list(torch._foreach_sqrt(xs))
    div_(roots, divisor)
    add_(roots, eps)
    return roots
