"""Initial parameters of a stack: one draw per seed, scaled per trial."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from gofau.initialization import scaling_reasons
from gofau.packing.plan.plan import TrialPlan
from gofau.packing.plan.streams import initial_module
from gofau.packing.stack.layout import Layout, column, stacked_buffers
from gofau.problems import Problem


class InitialDraws:
    """Modules drawn from the init streams of seeds, each drawn once."""

    def __init__(self, problem: Problem, like: Tensor) -> None:
        self._problem = problem
        self._like = like
        self._drawn: dict[int, nn.Module] = {}

    def of(self, seed: int) -> nn.Module:
        """The module that every trial of ``seed`` starts from, before scaling."""
        if seed not in self._drawn:
            problem = self._problem
            self._drawn[seed] = initial_module(problem.name, seed, problem.module)
        return self._drawn[seed]

    def blocks(self, trials: Sequence[TrialPlan], layout: Layout) -> list[Tensor]:
        """Blocks of the trials' parameters, weights times the trial's init scale."""
        blocks = layout.allocate(len(trials), self._like)
        scales = self._like.new_tensor([trial.init_scale for trial in trials])
        drawn, rows = self._by_seed(trials)
        scaled = self._scaled(trials)
        for name, view in layout.views(blocks).items():
            values = torch.stack([parameters[name] for parameters in drawn])[rows]
            values = values.detach().to(self._like.device, self._like.dtype)
            view.copy_(values * column(scales, values) if name in scaled else values)
        return blocks

    def _scaled(self, trials: Sequence[TrialPlan]) -> set[str]:
        """The parameters that init scales multiply; a parametrized module has none to name."""
        if all(trial.init_scale == 1 for trial in trials):
            return set()
        reasons = scaling_reasons(self.of(trials[0].seed))
        return {name for name, reason in reasons.items() if reason is None}

    def buffers(self, trials: Sequence[TrialPlan]) -> dict[str, Tensor]:
        """The trials' module buffers, ``[K, ...]``."""
        return stacked_buffers([self.of(trial.seed) for trial in trials], self._like)

    def _by_seed(self, trials: Sequence[TrialPlan]) -> tuple[list[Mapping[str, Tensor]], list[int]]:
        seeds = sorted({trial.seed for trial in trials})
        drawn: list[Mapping[str, Tensor]] = [
            dict(self.of(seed).named_parameters()) for seed in seeds
        ]
        return drawn, [seeds.index(trial.seed) for trial in trials]
