"""Every rule on lists of tensors, in place; the equations stand at the classes in gofau.rules."""

from collections.abc import Callable
from types import MappingProxyType
from typing import TypeAlias

import torch

from gofau.hyper import Hyper, Number, State
from gofau.optim.foreach.lists import Tensors, add_, mul, mul_, subtract_scaled_
from gofau.rules.madam import clamp

ListRule: TypeAlias = Callable[[Tensors, Tensors, list[State], Hyper], None]


def additive(params: Tensors, u: Tensors, states: list[State], hyper: Hyper) -> None:
    """θ ← θ − lr·u."""
    subtract_scaled_(params, u, hyper["lr"])


def bounded(params: Tensors, u: Tensors, hyper: Hyper) -> Tensors:
    """abs(θ)·tanh(lr_in·u)."""
    relative = mul(u, hyper["lr_in"])
    torch._foreach_tanh_(relative)
    mul_(relative, list(torch._foreach_abs(params)))
    return relative


def multiplicative(params: Tensors, u: Tensors, states: list[State], hyper: Hyper) -> None:
    """θ ← θ − abs(θ)·tanh(lr_in·u)·lr_out."""
    subtract_scaled_(params, bounded(params, u, hyper), hyper["lr_out"])


def hybrid(params: Tensors, u: Tensors, states: list[State], hyper: Hyper) -> None:
    """θ ← θ − γ·abs(θ)·tanh(lr_in·u)·lr_out − (1 − γ)·lr·u."""
    gamma = hyper["gamma"]
    relative = bounded(params, u, hyper)
    subtract_scaled_(params, relative, gamma * hyper["lr_out"])
    subtract_scaled_(params, u, (1 - gamma) * hyper["lr"])


def grow_(params: Tensors, u: Tensors, hyper: Hyper) -> None:
    """θ ← θ·exp(−lr·sign(θ)·u)."""
    exponents = mul(u, list(torch._foreach_sign(params)))
    mul_(exponents, -hyper["lr"])
    torch._foreach_exp_(exponents)
    mul_(params, exponents)


def exponentiated_gradient(params: Tensors, u: Tensors, states: list[State], hyper: Hyper) -> None:
    """θ ← θ·exp(−lr·sign(θ)·u)."""
    grow_(params, u, hyper)


def madam(params: Tensors, u: Tensors, states: list[State], hyper: Hyper) -> None:
    """θ ← clamp(θ·exp(−lr·sign(θ)·clamp(u, ±g_bound)), ±p_scale·rms(θ₀))."""
    grow_(params, [clamp(x, hyper["g_bound"]) for x in u], hyper)
    for param, state in zip(params, states, strict=True):
        param.copy_(clamp(param, state["bound"]))


def hypentropy(params: Tensors, u: Tensors, states: list[State], hyper: Hyper) -> None:
    """θ ← β·sinh(asinh(θ/β) − lr·u), by two formulas as in gofau.rules.hypentropy."""
    beta, angles = hyper["beta"], mul(u, hyper["lr"])
    radii = mul(params, params)
    add_(radii, beta * beta)
    torch._foreach_sqrt_(radii)
    far = _far(params, radii, angles, beta)
    mul_(params, list(torch._foreach_cosh(angles)))
    mul_(radii, list(torch._foreach_sinh(angles)))
    torch._foreach_sub_(params, radii)
    for param, value, angle in zip(params, far, angles, strict=True):
        param.copy_(torch.where(angle.abs() > 1, value, param))


def _far(params: Tensors, radii: Tensors, angles: Tensors, beta: Number) -> Tensors:
    """The new parameters where angles are large."""
    sides = list(torch._foreach_sign(params))
    add_(sides, 0.5)  # a zero takes the positive side
    torch._foreach_sign_(sides)
    most = list(torch._foreach_abs(params))
    add_(most, radii)
    turned = mul(angles, sides)
    grown = list(torch._foreach_exp(turned))
    torch._foreach_neg_(turned)
    torch._foreach_exp_(turned)
    mul_(turned, most)
    rest = list(torch._foreach_reciprocal(most))
    mul_(rest, beta * beta)
    mul_(rest, grown)
    torch._foreach_sub_(turned, rest)
    mul_(turned, sides)
    mul_(turned, 0.5)
    return turned


rules: MappingProxyType[str, ListRule] = MappingProxyType(
    {
        "additive": additive,
        "multiplicative": multiplicative,
        "hybrid": hybrid,
        "madam": madam,
        "exponentiated_gradient": exponentiated_gradient,
        "hypentropy": hypentropy,
    }
)
"""Rules on lists by name."""
