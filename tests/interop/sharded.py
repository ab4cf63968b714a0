"""What two processes on gloo run: FSDP2, checkpoints on disk, and accelerate's switch to shards."""

import os
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LinearLR

from gofau import Gofau, Wrapped

WORLD = 2
STEPS = 6
HALF = STEPS // 2


def net() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)).double()
    nn.init.zeros_(model[2].bias)
    return model


def sharded(model: nn.Sequential) -> nn.Sequential:
    """The model with its parameters shared out over the processes."""
    mesh = init_device_mesh("cpu", (WORLD,))
    for part in (model[0], model[2], model):
        fully_shard(part, mesh=mesh)
    return model


def made(how: str, params: Any) -> Optimizer:
    """The optimizer of a case."""
    if how == "wrapped":
        return Wrapped(torch.optim.Adam(params, lr=1.0), "hybrid", lr=0.05, lr_out=0.05)
    given = {"lr": 0.05, "lr_out": 0.05, "weight_decay": 0.01, "zero_policy": "additive"}
    return Gofau(params, "adam", "hybrid", implementation=how, **given)


def data(step: int, rank: int | None) -> tuple[Tensor, Tensor]:
    """The step's batch, or a process's part of it."""
    generator = torch.Generator().manual_seed(step)
    x = torch.randn(8, 4, dtype=torch.float64, generator=generator)
    y = torch.randn(8, 2, dtype=torch.float64, generator=generator)
    return (x, y) if rank is None else (x.chunk(WORLD)[rank], y.chunk(WORLD)[rank])


class Run:
    """A model with its optimizer, and a schedule of a view of it."""

    def __init__(self, model: nn.Module, optimizer: Any) -> None:
        self.model = model
        self.optimizer = optimizer
        view = optimizer.driving("lr", "lr_out")
        self.schedule = LinearLR(view, start_factor=0.25, total_iters=4)

    def train(self, steps: range, rank: int | None) -> None:
        """Step with clipped gradients."""
        for step in steps:
            x, y = data(step, rank)
            self.optimizer.zero_grad()
            nn.functional.mse_loss(self.model(x), y).backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 0.5)
            self.optimizer.step()
            self.schedule.step()

    def save(self, folder: Path) -> None:
        """Write a checkpoint, each process its part."""
        weights, states = get_state_dict(self.model, self.optimizer)
        schedule = self.schedule.state_dict()
        dcp.save(
            {"model": weights, "optimizer": states, "schedule": schedule}, checkpoint_id=folder
        )

    def load(self, folder: Path) -> None:
        """Read a checkpoint, in however many processes it was written."""
        weights, states = get_state_dict(self.model, self.optimizer)
        found = {"model": weights, "optimizer": states, "schedule": self.schedule.state_dict()}
        dcp.load(found, checkpoint_id=folder)
        set_state_dict(
            self.model,
            self.optimizer,
            model_state_dict=found["model"],
            optim_state_dict=found["optimizer"],
        )
        self.schedule.load_state_dict(found["schedule"])


def alone(how: str) -> Run:
    """A run in one process."""
    model = net()
    return Run(model, made(how, model.parameters()))


def together(how: str) -> Run:
    """A run whose model is sharded before its optimizer is made, as torch asks."""
    model = sharded(net())
    return Run(model, made(how, model.parameters()))


def check(run: Run, expected: Run) -> None:
    """Both ended alike."""
    for mine, other in zip(run.model.parameters(), expected.model.parameters(), strict=True):
        full = mine.full_tensor() if isinstance(mine, DTensor) else mine
        torch.testing.assert_close(full, other, rtol=1e-11, atol=1e-12)


def resumed(rank: int, how: str, folder: Path) -> None:
    """Half a run, a checkpoint on disk, and the other half in new models."""
    whole = alone(how)
    whole.train(range(STEPS), None)
    first, second = together(how), together(how)
    first.train(range(HALF), rank)
    first.save(folder)
    second.load(folder)
    for run in (first, second):
        run.train(range(HALF, STEPS), rank)
        check(run, whole)


def switched(rank: int, how: str, folder: Path) -> None:
    """The optimizer is made first, and then handed the shards, as accelerate does."""
    from accelerate.utils.fsdp_utils import fsdp2_switch_optimizer_parameters

    whole = alone(how)
    whole.train(range(STEPS), None)
    model = net()
    optimizer = made(how, model.parameters())
    places = {name: param.data_ptr() for name, param in model.named_parameters()}
    for group in optimizer.param_groups:
        for index, param in enumerate(group["params"]):
            held = torch.empty(1, dtype=param.dtype)
            held.data_ptr = param.data_ptr()
            group["params"][index] = held
    shards = dict(sharded(model).named_parameters())
    fsdp2_switch_optimizer_parameters(
        optimizer, {place: shards[name] for name, place in places.items()}
    )
    run = Run(model, optimizer)
    run.train(range(STEPS), rank)
    check(run, whole)


TASKS = {"resumed": resumed, "switched": switched}


def process(rank: int, folder: str, cases: list[tuple[str, str]]) -> None:
    """Run every case in one process group, which costs far more to start than a case."""
    torch.set_num_threads(1)
    store = dist.FileStore(str(Path(folder) / "store"), WORLD)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=WORLD)
    try:
        for task, how in cases:
            try:
                TASKS[task](rank, how, Path(folder) / how)
            except Exception as error:
                error.add_note(f"in {task} of {how}")
                raise
    finally:
        dist.destroy_process_group()
    # Gloo's threads may still hold tensors, and abort a process whose interpreter is taken down.
    os._exit(0)
