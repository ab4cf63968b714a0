"""Training of many configurations as one tensor program in fp64."""

from collections import deque
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
from reproduce.protocol import CellKey

Floats = NDArray[np.float64]


def points(
    cell: CellKey, starts: Floats, hyper: Mapping[str, Floats], iterations: int
) -> Iterator[Floats]:
    """The points ``[N, 2]`` of N trainings: the starts, then one set after every iteration.

    Each row moves by its own gradient under its own hyperparameters; a row that turns non-finite
    leaves the others as they are.

    Args:
        cell: what is trained and how, with the catalog's defaults for what ``hyper`` lacks.
        starts: ``[N, 2]``.
        hyper: the rule's hyperparameters, ``[N]`` each.
        iterations: update steps, >= 0.
    """
    which, how = direction(cell.direction), rule(cell.rule)
    values: dict[str, float | bool | Tensor] = {
        **_defaults(catalog.directions.get(cell.direction, "direction")),
        **{name: torch.from_numpy(column.reshape(-1, 1)) for name, column in hyper.items()},
    }
    point = torch.from_numpy(starts)
    which_state, how_state = which.init(point, values), how.init(point, values, batch_dims=1)
    yield point.numpy()
    for t in range(1, iterations + 1):
        slope = gradient(cell.case.loss, point)
        point = step(point, slope, which, how, which_state, how_state, t, values)
        yield point.numpy()


def ends(cell: CellKey, starts: Floats, hyper: Mapping[str, Floats], iterations: int) -> Floats:
    """Where trainings end, all of them as one stack.

    Args:
        cell: what is trained and how.
        starts: ``[..., 2]``.
        hyper: the rule's hyperparameters by name, of shapes that broadcast to ``[...]``.
        iterations: update steps, >= 0.

    Returns:
        NDArray: the points after the last iteration, ``[..., 2]``.
    """
    shape = np.broadcast_shapes(starts.shape[:-1], *(value.shape for value in hyper.values()))
    rows = np.array(np.broadcast_to(starts, (*shape, 2))).reshape(-1, 2)
    flat = {name: np.array(np.broadcast_to(v, shape)).ravel() for name, v in hyper.items()}
    (last,) = deque(points(cell, rows, flat, iterations), maxlen=1)
    return last.reshape(*shape, 2)


def gradient(loss: Loss, at: Tensor) -> Tensor:
    """Each row's own gradient: that of the sum, since no row enters another's loss."""
    leaf = at.detach().requires_grad_()
    (slope,) = torch.autograd.grad(loss(leaf).sum(), leaf)
    return slope


def _defaults(entry: catalog.Entry) -> dict[str, float | bool]:
    resolved = entry.resolve({}, entry.name)
    return {name: value for name, value in resolved.items() if not isinstance(value, str)}
