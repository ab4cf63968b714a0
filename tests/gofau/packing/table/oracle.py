"""One trial in a plain loop, with torch's autograd and the rules' functional form."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gofau import functional, scale_init
from gofau.directions import direction
from gofau.packing import PackPlan, TrialPlan
from gofau.packing.streams import epoch_order, initial_module, stream_seed
from gofau.problems import Dataset, Problem, problem
from gofau.rules import rule
from tests.gofau.packing.plain import doubled


@dataclass
class Trained:
    """Parameters and buffers by name after the last step, and every curve."""

    tensors: dict[str, Tensor]
    curves: dict[str, list[float]]


class Drawn(nn.Module):
    """A dropout whose draws come from a generator that the loop seeds."""

    def __init__(self, p: float, per_channel: bool, generator: torch.Generator) -> None:
        super().__init__()
        self.p, self.per_channel, self.generator = p, per_channel, generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        shape = (*x.shape[:2], *(1 for _ in x.shape[2:])) if self.per_channel else x.shape
        keep = torch.rand(shape, generator=self.generator) >= self.p
        return x * keep / (1 - self.p) if self.p < 1 else x * 0


def trained_alone(plan: PackPlan, trial: TrialPlan, chunk: int, redrawn: bool) -> Trained:
    """What a plain loop in fp64 makes of ``trial``.

    Args:
        plan: the pack's.
        trial: one of its trials.
        chunk: examples that are evaluated together.
        redrawn: dropout layers draw from the trial's stream by `Drawn`, and not by torch's own.
    """
    given = problem(plan.problem, plan.problem_parameters)
    module, noise = doubled(initial_module(given.name, trial.seed, given.module)), torch.Generator()
    if trial.init_scale != 1:
        scale_init(module, trial.init_scale)
    if redrawn:
        _redraw(module, noise)
    way, far = direction(plan.direction), rule(plan.rule)
    hyper = {k: v for k, v in trial.hyper.items() if not isinstance(v, str)}
    named = dict(module.named_parameters())
    states = {n: (way.init(p, hyper), far.init(p, hyper)) for n, p in named.items()}
    data = given.dataset().to(torch.float64, torch.device("cpu"))
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
        noise.manual_seed(seed)
        torch.manual_seed(seed)
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


def _redraw(module: nn.Module, noise: torch.Generator) -> None:
    plain = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) in plain:
                setattr(parent, name, Drawn(child.p, type(child) is not nn.Dropout, noise))


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
