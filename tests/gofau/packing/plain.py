"""Training alone, without anything of packs: the oracle that packs are compared with."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from gofau import functional
from gofau.directions import direction
from gofau.packing import PackPlan, TrialPlan
from gofau.packing.plan.streams import epoch_order, initial_module
from gofau.problems import problem
from gofau.rules import rule

_trained: dict[str, dict[str, Tensor]] = {}


def separately(plan: PackPlan, trial: TrialPlan, epochs: int) -> dict[str, Tensor]:
    """The trial's parameters after ``epochs``, trained alone with Python numbers.

    Trained once for all executors that are compared with it, so nobody may write to them.
    A γ that has a schedule is looked up at each epoch.
    """
    task = (plan.problem, plan.problem_parameters, plan.batch_size, plan.direction, plan.rule)
    key = repr((task, trial, epochs))
    if key not in _trained:
        *_, module = _epochs(plan, trial, epochs)
        _trained[key] = {name: p.detach() for name, p in module.named_parameters()}
    return _trained[key]


def losses_separately(plan: PackPlan, trial: TrialPlan) -> list[float]:
    """The trial's validation loss after each epoch; an evaluation leaves the module as it was."""
    given = problem(plan.problem, plan.problem_parameters)
    data = given.dataset().to(torch.float64, torch.device("cpu"))
    losses: list[float] = []
    for module in _epochs(plan, trial, plan.epochs):
        named = {**dict(module.named_buffers()), **dict(module.named_parameters())}
        kept = {name: tensor.detach().clone() for name, tensor in named.items()}
        with torch.no_grad():
            losses.append(given.loss(module.eval()(data.val_x), data.val_y).item())
            for name, value in kept.items():
                owner, _, last = name.rpartition(".")
                getattr(module.get_submodule(owner), last).copy_(value)
        module.train()
    return losses


def doubled(module: nn.Module) -> nn.Module:
    """As ``module.double()``, with shared buffers shared and complex ones complex."""
    owned = [
        (owner, name, buffer)
        for owner in module.modules()
        for name, buffer in owner.named_buffers(recurse=False, remove_duplicate=False)
    ]
    module.double()
    made: dict[int, Tensor] = {}
    for owner, name, buffer in owned:
        wide = buffer.double() if buffer.is_floating_point() else buffer
        setattr(owner, name, made.setdefault(id(buffer), wide))
    return module


def _epochs(plan: PackPlan, trial: TrialPlan, epochs: int) -> Iterator[nn.Module]:
    """The trial's module after each epoch."""
    given = problem(plan.problem, plan.problem_parameters)
    module = doubled(initial_module(given.name, trial.seed, given.module))
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() > 1:
                parameter.mul_(trial.init_scale)
    way, far = direction(plan.direction), rule(plan.rule)
    hyper = {k: v for k, v in trial.hyper.items() if not isinstance(v, str)}
    states = {
        name: (way.init(p, hyper), far.init(p, hyper)) for name, p in module.named_parameters()
    }
    data = given.dataset().to(torch.float64, torch.device("cpu"))
    steps = len(data.train_x) // plan.batch_size
    for step in range(epochs * steps):
        epoch = step // steps
        if not trial.gamma.is_constant:
            hyper["gamma"] = trial.gamma_at(plan.problem, epoch)
        order = epoch_order(given.name, trial.seed, epoch, len(data.train_x))
        rows = order[(step % steps) * plan.batch_size :][: plan.batch_size]
        module.zero_grad()
        given.loss(module(data.train_x[rows]), data.train_y[rows]).backward()
        with torch.no_grad():
            for name, p in module.named_parameters():
                assert p.grad is not None
                grad = p.grad.to_dense() if p.grad.is_sparse else p.grad
                p.copy_(functional.step(p, grad, way, far, *states[name], step + 1, hyper))
        if (step + 1) % steps == 0:
            yield module
