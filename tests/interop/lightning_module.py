"""A LightningModule whose optimizer and schedule the test chooses."""

import copy
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader, TensorDataset

from tests.interop.resume import net

BATCHES = 4
Configured = Any
"""What Lightning takes from `configure_optimizers`."""


def loader() -> DataLoader[Any]:
    """Four batches of 8, in order."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(32, 4, generator=generator), torch.randn(32, 2, generator=generator)
    return DataLoader(TensorDataset(x, y), batch_size=8)


class Net(lightning.LightningModule):
    """Least squares; ``lr`` is what Lightning's rate finder sets."""

    def __init__(
        self,
        make: Callable[[Any], Optimizer],
        schedule: Callable[[Any], Configured],
        automatic: bool = True,
    ) -> None:
        super().__init__()
        self.net = net()
        self.make = make
        self.schedule = schedule
        self.automatic_optimization = automatic
        self.lr = 0.05
        self.seen: list[dict[str, float]] = []

    def configure_optimizers(self) -> Configured:
        optimizer = self.make(self.parameters())
        return {"optimizer": optimizer, **self.schedule(optimizer)}

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def training_step(self, batch: list[Tensor], index: int) -> Tensor | None:
        x, y = batch
        loss = nn.functional.mse_loss(self(x), y)
        group = self.trainer.optimizers[0].param_groups[0]
        self.seen.append({k: float(group[k]) for k in ("lr", "lr_out") if k in group})
        if self.automatic_optimization:
            self.log("loss", loss, on_step=False, on_epoch=True)
            return loss
        self.by_hand(loss / 2, index)
        return None

    def by_hand(self, loss: Tensor, index: int) -> None:
        """Accumulate two batches, clip, step, and let the schedule follow."""
        optimizer = self.optimizers()
        self.manual_backward(loss)
        if index % 2:
            self.clip_gradients(optimizer, gradient_clip_val=0.5, gradient_clip_algorithm="norm")
            optimizer.step()
            optimizer.zero_grad()
            self.lr_schedulers().step()


def ended(module: Net) -> dict[str, Any]:
    """The weights and the optimizer's state after training."""
    states = [o.state_dict() for o in module.trainer.optimizers]
    return copy.deepcopy({"weights": module.state_dict(), "optimizers": states})
