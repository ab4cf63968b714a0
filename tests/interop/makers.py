"""Optimizers that the laws are tried on: ours, ours around torch's, and torch's as the control."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.optim import Optimizer

from gofau import Gofau, Wrapped

Make = Callable[[Any], Optimizer]


def wrapped(inner: type[Optimizer], rule: str, options: dict[str, Any], params: Any) -> Wrapped:
    """A rule around an optimizer of torch's."""
    return Wrapped(inner(params, lr=1.0), rule, **options)


MAKERS: dict[str, Make] = {
    "torch": partial(torch.optim.Adam, lr=0.05),
    "additive": partial(Gofau, direction="adam", rule="additive", lr=0.05),
    "multiplicative": partial(Gofau, direction="rmsprop", rule="multiplicative", lr_out=0.05),
    "hybrid": partial(
        Gofau, direction="adam", rule="hybrid", lr=0.05, lr_out=0.05, zero_policy="additive"
    ),
    "hybrid-loop": partial(
        Gofau, direction="sgd", rule="hybrid", lr=0.05, lr_out=0.05, implementation="loop"
    ),
    "hybrid-foreach": partial(
        Gofau, direction="sgd", rule="hybrid", lr=0.05, lr_out=0.05, implementation="foreach"
    ),
    "momentum": partial(Gofau, direction="sgd", rule="additive", lr=0.05, momentum=0.9),
    "madam": partial(Gofau, direction="madam", rule="madam", lr=0.05),
    "exponentiated": partial(Gofau, direction="adagrad", rule="exponentiated_gradient", lr=0.05),
    "hypentropy": partial(Gofau, direction="adamw", rule="hypentropy", lr=0.05),
    "wrapped": partial(wrapped, torch.optim.Adam, "hybrid", {"lr": 0.05, "lr_out": 0.05}),
    "wrapped-additive": partial(wrapped, torch.optim.SGD, "additive", {"lr": 0.05}),
}
