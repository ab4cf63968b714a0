"""A problem's loss and measure: when a hand-written form may stand for them, and the real ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MethodType
from typing import final

import torch
from torch import Tensor
from torch.nn import functional as F

from gofau.drawing import drawing_from
from gofau.packing.plan.errors import PlanError
from gofau.packing.plan.streams import evaluation_seed
from gofau.problems import Dataset, Problem
from gofau.problems.base import ACCURACY, CROSS_ENTROPY

_TORCHS = F.cross_entropy


def other_than_written(problem: Problem) -> str | None:
    """Why the cross-entropy and the accuracy by hand are not this problem's, or ``None``.

    What counts is the function that a call would reach, wherever it comes from: a subclass, the
    instance, a wrapper or a patch may have put another in the place of `Classification`'s.
    """
    if F.cross_entropy is not _TORCHS:
        return f"torch's cross-entropy is patched by {F.cross_entropy.__qualname__}"
    if not _reaches(problem, "loss", CROSS_ENTROPY):
        return f"its loss is not the softmax cross-entropy but {_named(problem, 'loss')}"
    if not _reaches(problem, "measure", ACCURACY):
        return f"its measure is not cross-entropy and accuracy but {_named(problem, 'measure')}"
    return None


def other_than_classes(data: Dataset, classes: int) -> str | None:
    """Why the targets are not one of ``classes`` for each example, or ``None``."""
    for name, y in (("train_y", data.train_y), ("val_y", data.val_y)):
        if y.dtype != torch.int64 or y.dim() != 1:
            return f"{name} is {y.dtype} of {y.dim()} axes, not one class an example"
        low, high = int(y.min()), int(y.max())
        if low < 0 or high >= classes:
            return f"{name} has targets in [{low}, {high}], not classes in [0, {classes - 1}]"
    return None


def _reaches(problem: Problem, name: str, function: Callable[..., object]) -> bool:
    found = getattr(problem, name)
    bound = isinstance(found, MethodType) and found.__self__ is problem
    return bound and found.__func__ is function


def _named(problem: Problem, name: str) -> str:
    found = getattr(problem, name)
    return str(getattr(found, "__qualname__", None) or repr(found))


@final
class Scores:
    """The problem's own measure on the outputs of K trials.

    Args:
        problem: whose measure.
        together: try to measure all trials in one call of `torch.vmap`. What it cannot vectorise,
            such as values that are read, is measured one trial after the other.
    """

    def __init__(self, problem: Problem, together: bool) -> None:
        self._problem = problem
        self._together = together

    def __call__(self, outputs: Tensor, y: Tensor, like: Tensor) -> dict[str, Tensor]:
        """Metrics ``[K]`` by name, of ``outputs`` ``[K, N, ...]``; see `each`."""
        if self._together:
            try:
                score = torch.vmap(self._problem.measure, in_dims=(0, None))
                measured: dict[str, Tensor] = score(outputs, y)
                return {n: self._row(n, v, v.shape[1:], like) for n, v in measured.items()}
            except (torch.OutOfMemoryError, PlanError):
                raise
            except Exception:  # noqa: BLE001 - if it is the measure's own, the loop below tells it
                self._together = False
        return self.each(iter(outputs), y, like)

    def each(self, outputs: Iterator[Tensor], y: Tensor, like: Tensor) -> dict[str, Tensor]:
        """Metrics ``[K]`` by name, measured trial by trial.

        Args:
            outputs: one ``[N, ...]`` a trial.
            y: targets ``[N, ...]``.
            like: a tensor of the dtype and device of numbers that come without.

        Raises:
            PlanError: a metric that is not one number.
        """
        rows = [self._numbers(output, y, like) for output in outputs]
        return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}

    def _numbers(self, output: Tensor, y: Tensor, like: Tensor) -> dict[str, Tensor]:
        # As an evaluation's forward pass, what is drawn here is the same at each.
        with drawing_from(evaluation_seed(self._problem.name), like.device):
            measured: object = self._problem.measure(output, y)
        if not isinstance(measured, Mapping):
            got = f"{self._problem.name}, whose measure returns {type(measured).__name__}"
            raise PlanError("problem", got, "numbers by name")
        values = {
            name: v if isinstance(v, Tensor) else like.new_tensor(v) for name, v in measured.items()
        }
        return {name: self._row(name, v, v.shape, like) for name, v in values.items()}

    def _row(self, name: str, value: Tensor, shape: Sequence[int], like: Tensor) -> Tensor:
        if len(shape):
            got = f"{self._problem.name}, whose measure gives {name} of shape {list(shape)}"
            raise PlanError("problem", got, "one number")
        # Counts and flags become fractions of the data set.
        return (value if value.is_floating_point() else value.to(like.dtype)).detach()


def in_measured_form(outputs: Tensor, like: Tensor) -> Tensor:
    """Outputs of lower precision than ``like``, as autocast makes them, in its dtype."""
    if not (outputs.is_floating_point() or outputs.is_complex()):
        return outputs
    return outputs.to(torch.promote_types(outputs.dtype, like.dtype))
