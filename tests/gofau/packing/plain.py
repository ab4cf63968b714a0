"""Training alone, without anything of packs: the oracle that packs are compared with."""

import torch
from torch import Tensor

from gofau import functional
from gofau.directions import direction
from gofau.packing import PackPlan, TrialPlan
from gofau.packing.streams import epoch_order, initial_module
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
        _trained[key] = _separately(plan, trial, epochs)
    return _trained[key]


def _separately(plan: PackPlan, trial: TrialPlan, epochs: int) -> dict[str, Tensor]:
    given = problem(plan.problem, plan.problem_parameters)
    module = initial_module(given.name, trial.seed, given.module).double()
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
                p.copy_(functional.step(p, p.grad, way, far, *states[name], step + 1, hyper))
    return {name: p.detach() for name, p in module.named_parameters()}
