"""Gathering an epoch's batches several steps at a time."""

from math import prod

from torch import Tensor

AHEAD_BYTES = 8 * 2**20
"""Inputs gathered at once: few enough to stay in the caches until they are used."""


class Batches:
    """The batches of G orders of the same examples.

    Gathering a small batch costs more in calls than in copies, so steps are gathered together.

    Args:
        x: inputs, ``[N, ...]``.
        y: targets, ``[N, ...]``.
        order: example numbers, ``[G, N]``.
        batch: examples a step; what is left at the end of an order is not used.
    """

    def __init__(self, x: Tensor, y: Tensor, order: Tensor, batch: int) -> None:
        self._x, self._y = x, y
        self._order, self._batch = order, batch
        step_bytes = len(order) * batch * prod(x.shape[1:]) * x.element_size()
        self._ahead = max(1, AHEAD_BYTES // max(1, step_bytes))
        self._first = 0
        self._held: tuple[Tensor, Tensor] | None = None

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """The inputs ``[G, B, ...]`` and targets ``[G, B, ...]`` of a step, as views."""
        first = step - step % self._ahead
        if self._held is None or first != self._first:
            self._held, self._first = self._gather(first), first
        x, y = self._held
        return x[step - first], y[step - first]

    def _gather(self, first: int) -> tuple[Tensor, Tensor]:
        rows = self._order[:, first * self._batch : (first + self._ahead) * self._batch]
        steps = rows.shape[1] // self._batch
        rows = rows[:, : steps * self._batch]
        index = rows.view(len(rows), steps, self._batch).transpose(0, 1)
        shape, flat = index.shape, index.flatten()
        x, y = (v.index_select(0, flat).view(*shape, *v.shape[1:]) for v in (self._x, self._y))
        return x, y
