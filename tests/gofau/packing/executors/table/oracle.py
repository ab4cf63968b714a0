"""One trial in a plain loop, with torch's autograd and the rules' functional form."""

from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gofau import functional, scale_init
from gofau.directions import direction
from gofau.packing import PackPlan, TrialPlan
from gofau.packing.plan.streams import epoch_order, initial_module, stream_seed
from gofau.problems import Dataset, Problem, problem
from gofau.rules import rule
from tests.gofau.packing.plain import doubled


@dataclass
class Trained:
    """Parameters and buffers by name after the last step, and every curve."""

    tensors: dict[str, Tensor]
    curves: dict[str, list[float]]


class Masked(nn.Module):
    """A dropout whose mask the loop draws before each step."""

    def __init__(self, p: float, per_channel: bool) -> None:
        super().__init__()
        self.p, self.per_channel = p, per_channel
        self.shape: tuple[int, ...] = ()
        self.kept = torch.ones(())

    def draw(self, size: int, generator: torch.Generator) -> None:
        channels = (self.shape[0], *(1 for _ in self.shape[1:])) if self.per_channel else self.shape
        self.kept = torch.rand(size, *channels, generator=generator) >= self.p

    def forward(self, x: Tensor) -> Tensor:
        self.shape = tuple(x.shape[1:])
        if not self.training:
            return x
        return x * self.kept / (1 - self.p) if self.p < 1 else x * 0


def trained_alone(plan: PackPlan, trial: TrialPlan, chunk: int) -> Trained:
    """What a plain loop in fp64 makes of ``trial``.

    Args:
        plan: the pack's.
        trial: one of its trials.
        chunk: examples that are evaluated together.
    """
    given = problem(plan.problem, plan.problem_parameters)
    module = doubled(initial_module(given.name, trial.seed, given.module))
    if trial.init_scale != 1:
        scale_init(module, trial.init_scale)
    data = given.dataset().to(torch.float64, torch.device("cpu"))
    layers = _masked(module, data)
    way, far = direction(plan.direction), rule(plan.rule)
    hyper = {k: v for k, v in trial.hyper.items() if not isinstance(v, str)}
    named = dict(module.named_parameters())
    states = {n: (way.init(p, hyper), far.init(p, hyper)) for n, p in named.items()}
    steps = len(data.train_x) // plan.batch_size
    rows = [_evaluated(given, module, data, chunk)]
    losses: list[float] = []
    for t in range(plan.epochs * steps):
        order = epoch_order(given.name, trial.seed, t // steps, len(data.train_x))
        batch = order[(t % steps) * plan.batch_size :][: plan.batch_size]
        x, y = data.train_x[batch], data.train_y[batch]
        if given.augmentation is not None:
            seed = stream_seed(given.name, trial.seed, "augment", t)
            x = given.augmentation(x, torch.Generator().manual_seed(seed))
        seed = stream_seed(given.name, trial.seed, "noise", t)
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        for layer in layers:
            layer.draw(len(x), generator)
        loss = given.loss(module.train()(x), y)
        grads = torch.autograd.grad(loss, list(named.values()), materialize_grads=True)
        losses.append(loss.item())
        with torch.no_grad():
            for (name, p), g in zip(named.items(), grads, strict=True):
                dense = g.to_dense() if g.is_sparse else g
                p.copy_(functional.step(p, dense, way, far, *states[name], t + 1, hyper))
        if (t + 1) % steps == 0:
            rows.append(_evaluated(given, module, data, chunk))
    means = [sum(losses[i : i + steps]) / steps for i in range(0, len(losses), steps)]
    curves = {name: [row[name] for row in rows] for name in rows[0]}
    tensors = {**named, **dict(module.named_buffers())}
    made = {name: tensor.detach().clone() for name, tensor in tensors.items()}
    return Trained(made, {**curves, "train_loss": [losses[0], *means]})


def _masked(module: nn.Module, data: Dataset) -> list[Masked]:
    """The module's dropouts, exchanged, in its order; a copy shows the shapes inside."""
    plain = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) in plain:
                setattr(parent, name, Masked(child.p, type(child) is not nn.Dropout))
    layers = [layer for layer in module.modules() if isinstance(layer, Masked)]
    if layers:
        copied = deepcopy(module)
        copied.eval()(data.train_x[:2])
        shapes = [layer.shape for layer in copied.modules() if isinstance(layer, Masked)]
        for layer, shape in zip(layers, shapes, strict=True):
            layer.shape = shape
    return layers


def _evaluated(given: Problem, module: nn.Module, data: Dataset, chunk: int) -> dict[str, float]:
    """The metrics in evaluation mode, which leaves the module's buffers as they were."""
    totals: dict[str, float] = {}
    kept = {name: b.clone() for name, b in module.named_buffers()}
    module.eval()
    for first in range(0, len(data.val_x), chunk):
        x, y = data.val_x[first : first + chunk], data.val_y[first : first + chunk]
        torch.manual_seed(stream_seed(given.name, 0, "evaluation"))
        with torch.no_grad():
            measured = given.measure(module(x), y)
            for name, buffer in kept.items():
                module.get_buffer(name).copy_(buffer)
        for name, value in measured.items():
            totals[name] = totals.get(name, 0.0) + float(value) * len(x) / len(data.val_x)
    return totals
