"""Every direction on lists of tensors; the equations stand at the classes in gofau.directions."""

from collections.abc import Callable
from types import MappingProxyType
from typing import TypeAlias

import torch
from torch import Tensor

from gofau.directions.base import bias_correction, exact_step
from gofau.directions.sgd import gradient_weight
from gofau.hyper import Hyper, Number, State, is_off
from gofau.optim.foreach.lists import (
    Operand,
    Tensors,
    add_,
    decay_towards_,
    decay_towards_square_,
    div,
    div_,
    mul,
    mul_,
    root_plus,
)

Step: TypeAlias = int | Tensors
ListDirection: TypeAlias = Callable[[Tensors, list[State], Step, Hyper], Tensors]


def per_step(f: Callable[[int | Tensor, Tensor], Number], step: Step, grads: Tensors) -> Operand:
    """``f`` of the common step, or of every parameter's own step when a graph keeps them."""
    if isinstance(step, int):
        return f(step, grads[0])
    return [torch.as_tensor(f(s, g)) for s, g in zip(step, grads, strict=True)]


def sgd(grads: Tensors, states: list[State], step: Step, hyper: Hyper) -> Tensors:
    """The gradient, or its momentum buffer."""
    momentum, dampening = hyper["momentum"], hyper["dampening"]
    if is_off(momentum):
        return grads
    weight = per_step(lambda s, g: gradient_weight(momentum, dampening, s, g), step, grads)
    buffers = [s["momentum_buffer"] for s in states]
    mul_(buffers, momentum)
    add_(buffers, mul(grads, weight))
    if not hyper["nesterov"]:
        return buffers
    u = mul(buffers, momentum)
    add_(u, grads)
    return u


def adagrad(grads: Tensors, states: list[State], step: Step, hyper: Hyper) -> Tensors:
    """The gradient over the root of its summed squares."""
    sums = [s["sum"] for s in states]
    torch._foreach_addcmul_(sums, grads, grads)
    u = div(grads, root_plus(sums, 1.0, hyper["eps"]))
    decay = hyper["lr_decay"]
    if not is_off(decay):
        div_(u, per_step(lambda s, g: 1 + (exact_step(s, g) - 1) * decay, step, grads))
    return u


def rmsprop(grads: Tensors, states: list[State], step: Step, hyper: Hyper) -> Tensors:
    """The gradient over the root of a running mean of its squares, or that ratio's momentum."""
    squares = [s["square_avg"] for s in states]
    decay_towards_square_(squares, grads, hyper["alpha"])
    if hyper["centered"]:
        means = [s["grad_avg"] for s in states]
        decay_towards_(means, grads, hyper["alpha"])
        squares = list(torch._foreach_addcmul(squares, means, means, value=-1))
    ratios = div(grads, root_plus(squares, 1.0, hyper["eps"]))
    if is_off(hyper["momentum"]):
        return ratios
    buffers = [s["momentum_buffer"] for s in states]
    mul_(buffers, hyper["momentum"])
    add_(buffers, ratios)
    return buffers


def adam(grads: Tensors, states: list[State], step: Step, hyper: Hyper) -> Tensors:
    """The bias-corrected first moment over the root of the bias-corrected second."""
    beta1, beta2 = hyper["beta1"], hyper["beta2"]
    firsts = [s["exp_avg"] for s in states]
    seconds = [s["exp_avg_sq"] for s in states]
    decay_towards_(firsts, grads, beta1)
    decay_towards_square_(seconds, grads, beta2)
    if hyper["amsgrad"]:
        largest = [s["max_exp_avg_sq"] for s in states]
        torch._foreach_maximum_(largest, seconds)
        seconds = largest
    roots = per_step(lambda s, g: bias_correction(beta2, s, g) ** 0.5, step, grads)
    u = div(firsts, per_step(lambda s, g: bias_correction(beta1, s, g), step, grads))
    div_(u, root_plus(seconds, roots, hyper["eps"]))
    return u


def madam(grads: Tensors, states: list[State], step: Step, hyper: Hyper) -> Tensors:
    """The gradient over the root of the bias-corrected running mean of its squares."""
    seconds = [s["exp_avg_sq"] for s in states]
    decay_towards_square_(seconds, grads, hyper["beta2"])
    corrections = per_step(lambda s, g: bias_correction(hyper["beta2"], s, g), step, grads)
    roots = list(torch._foreach_sqrt(div(seconds, corrections)))
    ratios = zip(seconds, div(grads, roots), strict=True)
    return [torch.where(v == 0, torch.zeros_like(v), ratio) for v, ratio in ratios]


directions: MappingProxyType[str, ListDirection] = MappingProxyType(
    {
        "sgd": sgd,
        "adagrad": adagrad,
        "rmsprop": rmsprop,
        "adam": adam,
        "adamw": adam,
        "madam": madam,
    }
)
"""Directions on lists by name."""
