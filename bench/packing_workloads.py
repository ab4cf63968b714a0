"""The workloads of the packing benchmark, and the plain loop that each is compared with."""

from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from gofau import catalog
from gofau.catalog import ProblemEntry, Scalar
from gofau.optim import Gofau
from gofau.packing import PackPlan, TrialPlan
from gofau.packing.plan.streams import epoch_order, initial_module
from gofau.problems import Classification, Dataset, Problem, problem, registry
from gofau.problems.blocks.mlp import mlp
from gofau.problems.digits import digits

METRICS = ("val_loss", "val_accuracy", "train_loss")


def resized(side: int, channels: int, train: int | None = None) -> Dataset:
    """The digits blown up to ``side`` × ``side`` pixels, the first ``train`` of them."""
    data = digits()

    def grow(x: torch.Tensor) -> torch.Tensor:
        images = x.view(-1, 1, 8, 8).expand(-1, channels, -1, -1)
        return F.interpolate(images, (side, side)) if side != 8 else images.contiguous()

    return Dataset(grow(data.train_x[:train]), data.train_y[:train], grow(data.val_x), data.val_y)


class WideMLP(Classification):
    """784-256-256-10 on digits of 28 × 28 pixels."""

    name: ClassVar[str] = "bench-mlp-784"

    @cache  # noqa: B019 - one instance lives as long as the benchmark
    def dataset(self) -> Dataset:
        data = resized(28, 1)
        return Dataset(data.train_x.flatten(1), data.train_y, data.val_x.flatten(1), data.val_y)

    def module(self) -> nn.Module:
        return mlp((784, 256, 256, 10))


class SmallCNN(Classification):
    """Two convolutions and a linear layer on the digits."""

    name: ClassVar[str] = "bench-digits-cnn"

    @cache  # noqa: B019
    def dataset(self) -> Dataset:
        return resized(8, 1)

    def module(self) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(256, 10),
        )


class ResNet(Classification):
    """torchvision's ResNet-18 on 256 digits of 32 × 32 pixels in three channels."""

    name: ClassVar[str] = "bench-resnet18"

    @cache  # noqa: B019
    def dataset(self) -> Dataset:
        data = resized(32, 3, train=256)
        return Dataset(data.train_x, data.train_y, data.val_x[:64], data.val_y[:64])

    def module(self) -> nn.Module:
        from torchvision.models import resnet18

        module: nn.Module = resnet18(num_classes=10)
        return module


for _kind in (WideMLP, SmallCNN, ResNet):
    catalog.problems.add(ProblemEntry(_kind.name, "A benchmark.", cap=2.3, metrics=METRICS))
    registry.add(_kind)


@cache
def loaded(name: str, parameters: tuple[tuple[str, Scalar], ...]) -> Problem:
    """The problem, made once a process, so that no plain loop pays for its data set again."""
    return problem(name, dict(parameters))


@dataclass(frozen=True)
class Workload:
    """What is trained, and how many trials each row needs for a steady rate."""

    name: str
    problem: str
    direction: str
    rule: str
    epochs: int
    batch_size: int = 64
    parameters: dict[str, Scalar] = field(default_factory=dict)
    serial: int = 8
    packed: int = 128
    tune: bool = True
    device: str = "cpu"

    def trials(self, count: int) -> tuple[TrialPlan, ...]:
        """Rates from 1e-3 to 1e-1 over one seed per 32 trials."""
        shares = [i / max(count - 1, 1) for i in range(count)]
        return tuple(
            TrialPlan(i, i // 32, 1.0, self.hyper(1e-3 * 100**share))
            for i, share in enumerate(shares)
        )

    def hyper(self, rate: float) -> dict[str, Scalar]:
        """Defaults, with the rule's learning rates at ``rate``."""
        way = catalog.directions.get(self.direction, "direction")
        far = catalog.rules.get(self.rule, "rule")
        driven = frozenset(far.lr_drives)
        resolved = way.resolve({}, "direction") | far.resolve({}, "rule", driven)
        resolved |= catalog.common.resolve({}, "common")
        return resolved | dict.fromkeys(far.lr_drives, rate)

    def plan(self, trials: tuple[TrialPlan, ...], executor: str = "auto") -> PackPlan:
        """The pack of ``trials``."""
        return PackPlan(
            problem=self.problem,
            problem_parameters=self.parameters,
            direction=self.direction,
            rule=self.rule,
            epochs=self.epochs,
            batch_size=self.batch_size,
            trials=trials,
            goal_metric="val_loss",
            executor=executor,  # type: ignore[arg-type]
            device=self.device,
        )

    def alone(self, trial: TrialPlan) -> float:
        """One trial in a plain loop with an ordinary optimizer; returns its last val_loss."""
        given = loaded(self.problem, tuple(self.parameters.items()))
        data = given.dataset().to(torch.float32, torch.device(self.device))
        module = initial_module(given.name, trial.seed, given.module).to(self.device)
        optimizer = self.optimizer(module, trial)
        size, batch = len(data.train_x), self.batch_size
        score = float("nan")
        for epoch in range(self.epochs):
            order = epoch_order(given.name, trial.seed, epoch, size).to(self.device)
            module.train()
            for start in range(0, size - batch + 1, batch):
                rows = order[start : start + batch]
                optimizer.zero_grad()
                given.loss(module(data.train_x[rows]), data.train_y[rows]).backward()
                optimizer.step()
            module.eval()
            with torch.no_grad():
                score = given.measure(module(data.val_x), data.val_y)["val_loss"].item()
        return score

    def optimizer(self, module: nn.Module, trial: TrialPlan) -> torch.optim.Optimizer:
        """torch.optim's optimizer where it has one, else ours."""
        if (self.direction, self.rule) == ("sgd", "additive"):
            return torch.optim.SGD(module.parameters(), lr=float(trial.hyper["lr"]))
        numbers = {k: v for k, v in trial.hyper.items() if k not in ("decoupled_decay", "amsgrad")}
        return Gofau(module.parameters(), direction=self.direction, rule=self.rule, **numbers)

    def flops(self) -> float:
        """Floating-point operations of the matrix products and convolutions of one trial."""
        given = problem(self.problem, self.parameters)
        data = given.dataset()
        module = given.module()
        rows = slice(0, self.batch_size)
        with FlopCounterMode(display=False) as step:
            given.loss(module(data.train_x[rows]), data.train_y[rows]).backward()
        with FlopCounterMode(display=False) as scoring, torch.no_grad():
            module.eval()(data.val_x)
        steps = len(data.train_x) // self.batch_size
        return float(self.epochs * (steps * step.get_total_flops() + scoring.get_total_flops()))


WORKLOADS = (
    Workload("digits-mlp-64", "digits-mlp", "sgd", "additive", 20,
             parameters={"width": 64, "depth": 1}, packed=256),
    Workload("digits-mlp-64-adam-hybrid", "digits-mlp", "adam", "hybrid", 20,
             parameters={"width": 64, "depth": 1}, packed=128, tune=False),
    Workload("digits-mlp-32", "digits-mlp", "sgd", "additive", 20,
             parameters={"width": 32, "depth": 1}, packed=256, tune=False),
    Workload("mlp-784-256-256", "bench-mlp-784", "sgd", "additive", 2,
             serial=4, packed=32, tune=False),
    Workload("digits-cnn", "bench-digits-cnn", "sgd", "additive", 2,
             serial=4, packed=32, tune=False),
    Workload("resnet18-32", "bench-resnet18", "sgd", "additive", 2, batch_size=32,
             serial=2, packed=4, tune=False),
)  # fmt: skip
