"""What a stack's trials measure, as numbers by name."""

from collections.abc import Sequence
from math import nan

import torch
from torch import Tensor

from gofau.packing.executors import Executor
from gofau.packing.executors.scoring import check_names
from gofau.packing.plan.plan import TrialPlan
from gofau.packing.stack.stack import Stack
from gofau.problems import Dataset

Row = dict[str, float]
"""One trial's metrics."""


class Evaluation:
    """Measures stacks by an executor.

    Args:
        executor: whose problem's metrics.
        data: the examples in the form that it reads.
    """

    def __init__(self, executor: Executor, data: Dataset) -> None:
        self._executor = executor
        self._data = data
        self._first: dict[tuple[int, float], Row] = {}

    def rows(self, stack: Stack, train_loss: Tensor) -> list[Row]:
        """Each trial's metrics as numbers, fetched from the device in one go.

        Raises:
            PlanError: a metric that the catalog promises and that was not measured.
        """
        problem = self._executor.problem
        measured = self._executor.measure(stack, self._data.val_x, self._data.val_y)
        check_names(problem, measured)
        columns = {**measured, "train_loss": train_loss}
        names = problem.entry.metric_names
        table = torch.stack([columns[name] for name in names], 1).tolist()
        return [dict(zip(names, row, strict=True)) for row in table]

    def first_rows(self, stack: Stack, trials: Sequence[TrialPlan]) -> list[Row]:
        """The values before training: trials of one seed and init scale start as one network."""
        starts = [(trial.seed, trial.init_scale) for trial in trials]
        fresh = {start: k for k, start in enumerate(starts) if start not in self._first}
        if fresh:
            some = stack if len(fresh) == len(trials) else stack.take(list(fresh.values()))
            rows = self.rows(some, torch.full_like(some.step, nan))
            self._first.update(zip(fresh, rows, strict=True))
        return [self._first[start] for start in starts]


def finite_trials(stack: Stack, train_loss: Tensor) -> Tensor:
    """Which trials have a finite training loss and finite parameters, ``[K]``."""
    finite = train_loss.isfinite()
    for block in stack.blocks:
        finite &= finite_rows(block.flatten(1))
    return finite


def finite_rows(block: Tensor) -> Tensor:
    """Which rows of ``[K, P]`` hold finite numbers only, ``[K]``.

    A finite sum has finite terms; only where a sum is not, every element is looked at.
    """
    finite = block.sum(1).isfinite()
    return finite if finite.all() else block.isfinite().all(1)
