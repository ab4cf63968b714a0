"""The interface of a problem: data, a module factory, a loss and what is measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from gofau.catalog import ProblemEntry, Scalar
from gofau.catalog import problems as catalog

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Augmentation: TypeAlias = Callable[["Tensor", "torch.Generator"], "Tensor"]
"""Changes the inputs ``[B, ...]`` of a training step, by draws from a CPU generator."""


@dataclass(frozen=True)
class Dataset:
    """Training and validation examples, ``[N, ...]`` inputs with ``[N, ...]`` targets."""

    train_x: Tensor
    train_y: Tensor
    val_x: Tensor
    val_y: Tensor

    def first(self, count: int) -> Dataset:
        """The first ``count`` examples of each part, or all of a smaller one."""
        parts = (self.train_x, self.train_y, self.val_x, self.val_y)
        return Dataset(*(part[:count] for part in parts))

    def to(self, dtype: torch.dtype, device: torch.device) -> Dataset:
        """The same examples with floating-point tensors in ``dtype``, all on ``device``."""
        tensors = (self.train_x, self.train_y, self.val_x, self.val_y)
        moved = (t.to(device, dtype if t.is_floating_point() else t.dtype) for t in tensors)
        return Dataset(*moved)


class Problem(ABC):
    """What is trained, on what, and how it is scored.

    Laws, which one contract suite checks on every problem:

    - `dataset` returns the same split on every call, whatever the seed of a trial;
    - `module` draws from torch's global generator only, so that a seeded call repeats;
    - `loss` is one number for a batch, and no sum over its examples; `measure` returns one number
      a metric, and means over examples where there are more than 512 for validation, which are
      measured in parts;
    - `loss` and `measure` give the same for the same tensors, change none, and keep nothing;
    - `loss` is free of branches on tensor values and runs under ``torch.vmap``, or its trials are
      trained one after the other;
    - `augmentation`, where there is one, draws from its generator only, and keeps shape and dtype.

    A class of this package declares its catalog entry as ``entry``; a plug-in announces its own.
    """

    name: ClassVar[str]
    entry: ProblemEntry
    augmentation: Augmentation | None = None
    """What changes the inputs of every training step at random, if anything does.

    A class sets it to a ``staticmethod``, or ``__init__`` sets it, so that it takes no ``self``.
    """

    def __init__(self, parameters: Mapping[str, Scalar]) -> None:
        self.entry = catalog.get(self.name, "problem")
        self.parameters: Mapping[str, Scalar] = self.entry.resolve(parameters, "problem")

    @property
    def cap(self) -> float:
        """The loss that a diverged trial counts as."""
        return self.entry.cap

    @property
    def full_batch(self) -> bool:
        """Whether a step always takes all training examples, whatever the batch size."""
        return self.entry.full_batch

    @abstractmethod
    def dataset(self) -> Dataset:
        """The examples, on the CPU, in float32 or in an integer type that `module` converts."""

    @abstractmethod
    def module(self) -> nn.Module:
        """A freshly initialised module in float32."""

    @abstractmethod
    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch, a scalar that does not grow with the number of examples."""

    @abstractmethod
    def measure(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """The validation metrics of a batch by name, scalars; see the laws."""

    def integer(self, name: str) -> int:
        """The integer parameter of that name."""
        value = self.parameters[name]
        if not isinstance(value, int):
            raise TypeError(f"problem.{name}: got {value!r}, expected an integer")
        return value

    def text(self, name: str) -> str:
        """The text parameter of that name."""
        value = self.parameters[name]
        if not isinstance(value, str):
            raise TypeError(f"problem.{name}: got {value!r}, expected a text")
        return value


class Classification(Problem):
    """A problem with class indices as targets, trained by the softmax cross-entropy."""

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """−log softmax(output)[target], averaged over the batch."""
        from torch.nn import functional as F

        return F.cross_entropy(output, target)

    def measure(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Cross-entropy and the share of examples whose largest output is the target's.

        As for the loss, classes lie on the second axis of the output.
        """
        hits = (output.argmax(min(1, output.dim() - 1)) == target).to(output.dtype)
        return {"val_loss": self.loss(output, target), "val_accuracy": hits.mean()}


CROSS_ENTROPY: Callable[..., Tensor] = Classification.loss
"""The function itself, to tell it from one that a subclass, an instance or a patch puts there."""

ACCURACY: Callable[..., dict[str, Tensor]] = Classification.measure
"""As `CROSS_ENTROPY`, of the metrics."""
