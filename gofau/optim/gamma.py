"""Drives γ of an optimizer by a schedule."""

from typing import Any, final

from torch import Tensor
from torch.optim import Optimizer

from gofau.catalog import CatalogError
from gofau.schedules import GammaSchedule, Random


@final
class GammaScheduler:
    """Sets ``gamma`` of every hybrid group at the start and after each epoch.

    Args:
        optimizer: has at least one group of the hybrid rule.
        schedule: γ by epoch.

    Raises:
        CatalogError: no group has ``gamma``.
    """

    def __init__(self, optimizer: Optimizer, schedule: GammaSchedule) -> None:
        self.optimizer = optimizer
        self.schedule = schedule
        self.epoch = 0
        self._groups()
        self._apply()

    def step(self) -> None:
        """Begin the next epoch."""
        self.epoch += 1
        self._apply()

    def state_dict(self) -> dict[str, Any]:
        """The epoch, and for a random schedule its draws and its generator's state."""
        state: dict[str, Any] = {"epoch": self.epoch}
        if isinstance(self.schedule, Random):
            state["draws"] = list(self.schedule.draws)
            state["generator"] = self.schedule.generator.get_state()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        self.epoch = state["epoch"]
        if isinstance(self.schedule, Random):
            self.schedule.draws[:] = state["draws"]
            self.schedule.generator.set_state(state["generator"])
        self._apply()

    def _groups(self) -> list[dict[str, Any]]:
        # Looked up each time, since loading a state replaces the optimizer's groups.
        groups = [g for g in self.optimizer.param_groups if "gamma" in g]
        if not groups:
            rules = [g.get("rule") for g in self.optimizer.param_groups]
            raise CatalogError("rule", rules, "a group of the hybrid rule, which has gamma")
        return groups

    def _apply(self) -> None:
        value = self.schedule.value(self.epoch)
        for group in self._groups():
            if isinstance(group["gamma"], Tensor):
                group["gamma"].fill_(value)
            else:
                group["gamma"] = value
