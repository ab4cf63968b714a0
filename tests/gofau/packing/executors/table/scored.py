"""Losses and measures of a problem's own, in every way in which they come about."""

from collections.abc import Callable, Mapping
from functools import wraps

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gofau.catalog import Scalar
from gofau.catalog.metrics import MetricEntry
from gofau.problems import Dataset
from tests.gofau.packing.executors.table.case import Case, Net, Plain, classes, numbers, rows
from tests.gofau.packing.executors.table.perceptrons import ALL, perceptron

BY_PRODUCTS = "bmm vmap serial"
VAL = ("val_loss", "train_loss")
BRIER = MetricEntry("val_brier", "The squared distance of the probabilities.", minimize=True)
AREA = MetricEntry("val_area", "The area under the curve of class 0.", minimize=False)
WIDE = MetricEntry("val_wide", "Whether all outputs are wide.", minimize=False)


def smoothed(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output, target, label_smoothing=0.3)


def weighted(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output, target, weight=torch.tensor([1.0, 2.0, 0.5]).to(output))


def ignoring(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output, target, ignore_index=1)


def focal(output: Tensor, target: Tensor) -> Tensor:
    log_p = output.log_softmax(-1).gather(-1, target.unsqueeze(-1)).squeeze(-1)
    return -((1 - log_p.exp()) ** 2 * log_p).mean()


def contrastive(output: Tensor, target: Tensor) -> Tensor:
    """InfoNCE over the pairs of a batch."""
    one, two = F.normalize(output[:, :3], dim=1), F.normalize(output[:, 3:], dim=1)
    return F.cross_entropy(one @ two.T / 0.5, torch.arange(len(output)))


def dice(output: Tensor, target: Tensor) -> Tensor:
    p, hot = output.softmax(1), F.one_hot(target, 3).to(output.dtype)
    return 1 - 2 * (p * hot).sum() / (p + hot).sum()


def hinge(output: Tensor, target: Tensor) -> Tensor:
    return F.multi_margin_loss(output, target)


def quantile(output: Tensor, target: Tensor) -> Tensor:
    error = target - output.squeeze(1)
    return torch.maximum(0.8 * error, -0.2 * error).mean()


def likelihood(output: Tensor, target: Tensor) -> Tensor:
    return F.gaussian_nll_loss(output[:, 0], target, output[:, 1].exp())


def noisy(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output + 0.1 * torch.randn_like(output), target)


def reads_values(output: Tensor, target: Tensor) -> Tensor:
    loss = F.cross_entropy(output, target)
    return loss if loss > 1 else loss**2


def summed(output: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(output, target, reduction="sum")


def magnitudes(output: Tensor, target: Tensor) -> Tensor:
    return (output - target).abs().square().mean()


def brier(output: Tensor, target: Tensor) -> dict[str, object]:
    gap = output.softmax(-1) - F.one_hot(target, 3).to(output.dtype)
    return {"val_loss": F.cross_entropy(output, target), "val_brier": gap.square().sum(-1).mean()}


def squared(output: Tensor, target: Tensor) -> dict[str, object]:
    return {"val_loss": F.mse_loss(output, target)}


def measured_by(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., dict[str, object]]:
    return lambda output, target: {"val_loss": loss(output, target)}


def plain_numbers(output: Tensor, target: Tensor) -> dict[str, object]:
    """What reads values gives: Python's numbers."""
    right = (output.argmax(-1) == target).float().mean().item()
    return {"val_loss": F.cross_entropy(output, target), "val_accuracy": float(right)}


def counted(output: Tensor, target: Tensor) -> dict[str, object]:
    """Numbers of the integer kind."""
    return {"val_loss": F.cross_entropy(output, target), "val_wide": output.amax(-1).gt(1).all()}


def area(output: Tensor, target: Tensor) -> dict[str, object]:
    """The area under the curve of class 0 against the rest, which no sum over examples gives."""
    score = output[:, 0]
    wins = (score[:, None] > score[None, :]).to(output.dtype)
    pairs = ((target == 0)[:, None] & (target != 0)[None, :]).to(output.dtype)
    return {
        "val_loss": F.cross_entropy(output, target),
        "val_area": (wins * pairs).sum() / pairs.sum().clamp_min(1),
    }


class Inherited(Plain):
    """A class between, whose own attribute its own loss reads."""

    label_smoothing = 0.2

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(output, target, label_smoothing=self.label_smoothing)


class InheritedTwice(Inherited):
    """Nothing of its own but a number."""

    label_smoothing = 0.4


class Instance(Plain):
    """The loss is an attribute of the instance."""

    def __init__(self, parameters: Mapping[str, Scalar]) -> None:
        super().__init__(parameters)
        self.loss = smoothed  # type: ignore[method-assign]


def _halved(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    @wraps(loss)
    def wrapper(self: Plain, output: Tensor, target: Tensor) -> Tensor:
        return 0.5 * loss(self, output, target)

    return wrapper


class Wrapped(Plain):
    """The loss is a wrapper with the name of what it wraps."""

    loss = _halved(Plain.loss)  # type: ignore[assignment]


class Looked(Plain):
    """The loss is what the look-up of attributes gives."""

    def __getattribute__(self, name: str) -> object:
        return smoothed if name == "loss" else super().__getattribute__(name)


class Measured(Plain):
    """The loss is Classification's, the measure another."""

    def measure(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        measured = super().measure(output, target)
        return {**measured, "val_accuracy": 1 - measured["val_accuracy"]}


class Unchanged(Plain):
    """A loss of its own that does what Classification's does."""

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return super().loss(output, target)


def soft(generator: torch.Generator, size: int) -> Tensor:
    return torch.rand(size, 3, generator=generator).softmax(1)


def partly_ignored() -> Dataset:
    """Ignored targets behind the examples on which executors are tried."""
    made = rows()
    made.train_y[20:25] = -100
    return made


def itself() -> Dataset:
    made = rows()
    return Dataset(made.train_x, made.train_x, made.val_x, made.val_x)


def of(outputs: int) -> Callable[[], nn.Module]:
    return lambda: perceptron(outputs=outputs)


def shifted(x: Tensor, generator: torch.Generator) -> Tensor:
    return x + torch.randn(len(x), 1, generator=generator).to(x)


def spirals(self: Net, x: Tensor) -> Tensor:
    return torch.view_as_complex(self.layer(x).unflatten(1, (2, 2)))


SCORED: dict[str, Case] = {
    "smoothed": Case(BY_PRODUCTS, perceptron, loss=smoothed),
    "weighted": Case(BY_PRODUCTS, perceptron, loss=weighted),
    "ignoring": Case(BY_PRODUCTS, perceptron, loss=ignoring),
    "partly-ignored": Case(BY_PRODUCTS, perceptron, partly_ignored),
    "focal": Case(BY_PRODUCTS, perceptron, loss=focal),
    "contrastive": Case(
        BY_PRODUCTS, of(6), loss=contrastive, measure=measured_by(contrastive), metrics=VAL
    ),
    "dice": Case(BY_PRODUCTS, perceptron, loss=dice),
    "hinge": Case(BY_PRODUCTS, perceptron, loss=hinge),
    "brier": Case(
        BY_PRODUCTS, perceptron, measure=brier, metrics=("val_loss", BRIER, "train_loss")
    ),
    "area": Case(
        BY_PRODUCTS, perceptron, measure=area, metrics=("val_loss", AREA, "train_loss")
    ),
    "plain-numbers": Case(BY_PRODUCTS, perceptron, measure=plain_numbers),
    "counted": Case(
        BY_PRODUCTS, perceptron, measure=counted, metrics=("val_loss", WIDE, "train_loss")
    ),
    "fewer-metrics": Case(ALL, perceptron, metrics=VAL),
    "inherited": Case(BY_PRODUCTS, perceptron, base=Inherited),
    "inherited-twice": Case(BY_PRODUCTS, perceptron, base=InheritedTwice),
    "instance": Case(BY_PRODUCTS, perceptron, base=Instance),
    "wrapped": Case(BY_PRODUCTS, perceptron, base=Wrapped),
    "looked-up": Case(BY_PRODUCTS, perceptron, base=Looked),
    "measured": Case(BY_PRODUCTS, perceptron, base=Measured),
    "unchanged": Case(BY_PRODUCTS, perceptron, base=Unchanged),
    "soft-targets": Case(
        BY_PRODUCTS, perceptron, lambda: rows(soft), measure=measured_by(F.cross_entropy),
        metrics=VAL,
    ),
    "summed": Case(BY_PRODUCTS, perceptron, loss=summed),
    "noisy-loss": Case("bmm serial", perceptron, loss=noisy, measure=brier, metrics=VAL),
    "reads-values": Case("bmm serial", perceptron, loss=reads_values, measure=brier, metrics=VAL),
    "regression": Case(
        BY_PRODUCTS, of(2), lambda: rows(numbers(2)), loss=F.mse_loss, measure=squared, metrics=VAL
    ),
    "autoencoder": Case(
        BY_PRODUCTS,
        of(6),
        itself,
        loss=F.mse_loss,
        measure=squared,
        metrics=VAL,
    ),
    "quantile": Case(
        BY_PRODUCTS, of(1), lambda: rows(numbers()), loss=quantile,
        measure=measured_by(quantile), metrics=VAL,
    ),
    "likelihood": Case(
        "bmm serial", of(2), lambda: rows(numbers()), loss=likelihood,
        measure=measured_by(likelihood), metrics=VAL,
    ),
    "many-labels": Case(
        BY_PRODUCTS, perceptron, lambda: rows(lambda g, n: classes(3, of=2)(g, n).float()),
        loss=F.binary_cross_entropy_with_logits,
        measure=measured_by(F.binary_cross_entropy_with_logits), metrics=VAL,
    ),
    "complex-outputs": Case(
        "vmap serial", lambda: Net(spirals, layer=nn.Linear(6, 4)), lambda: rows(numbers(2)),
        loss=magnitudes, measure=measured_by(magnitudes), metrics=VAL,
    ),
    "augmented": Case("vmap serial", perceptron, augmentation=shifted),
    "rows-of-rows": Case(
        "vmap serial", perceptron, lambda: rows_of_rows(), measure=measured_by(F.cross_entropy),
        metrics=VAL,
    ),
    "doubles": Case(ALL, perceptron, lambda: rows().to(torch.float64, torch.device("cpu"))),
}  # fmt: skip
"""Perceptrons whose loss, measure or data are not what they look like."""


def rows_of_rows() -> Dataset:
    """Seven features on a second axis, which a linear layer would read alone."""
    made = rows(classes(3))
    wide = (x.unsqueeze(1).repeat(1, 3, 1) for x in (made.train_x, made.val_x))
    train, val = wide
    return Dataset(train, made.train_y, val, made.val_y)
