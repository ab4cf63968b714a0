"""Training of many configurations as one tensor program in fp64."""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gofau import catalog
from gofau.directions import direction
from gofau.functional import step
from gofau.problems.toys import Loss
from gofau.rules import rule

Floats = NDArray[np.float64]


def points(
    loss: Loss,
    starts: Floats,
    direction_name: str,
    rule_name: str,
    hyper: Mapping[str, Floats],
    iterations: int,
) -> Iterator[Floats]:
    """The points ``[N, d]`` of N trainings: the starts, then one set after every iteration.

    Each row moves by its own gradient under its own hyperparameters; a row that turns non-finite
    leaves the others as they are.

    Args:
        loss: points ``[N, d]`` to values ``[N]``.
        starts: ``[N, d]``.
        direction_name: with the catalog's defaults for all its hyperparameters.
        rule_name: likewise, but for ``hyper``.
        hyper: the rule's hyperparameters, ``[N]`` each.
        iterations: update steps, >= 0.
    """
    which, how = direction(direction_name), rule(rule_name)
    values: dict[str, float | bool | Tensor] = {
        **_defaults(catalog.directions.get(direction_name, "direction")),
        **{name: torch.from_numpy(column.reshape(-1, 1)) for name, column in hyper.items()},
    }
    point = torch.from_numpy(starts)
    which_state, how_state = which.init(point, values), how.init(point, values, batch_dims=1)
    yield point.numpy()
    for t in range(1, iterations + 1):
        slope = gradient(loss, point)
        point = step(point, slope, which, how, which_state, how_state, t, values)
        yield point.numpy()


def gradient(loss: Loss, at: Tensor) -> Tensor:
    """Each row's own gradient: that of the sum, since no row enters another's loss."""
    leaf = at.detach().requires_grad_()
    (slope,) = torch.autograd.grad(loss(leaf).sum(), leaf)
    return slope


def _defaults(entry: catalog.Entry) -> dict[str, float | bool]:
    resolved = entry.resolve({}, entry.name)
    return {name: value for name, value in resolved.items() if not isinstance(value, str)}
