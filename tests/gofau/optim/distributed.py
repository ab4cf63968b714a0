"""What every process of the distributed tests runs; a failure in any of them fails the test."""

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    get_optimizer_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from gofau import Gofau, frozen_fraction

WORLD = 2
STEPS = 4


def net() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)).double()
    nn.init.zeros_(model[2].bias)
    return model


def data() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(STEPS, 8, 4, dtype=torch.float64, generator=generator)
    return x, torch.randn(STEPS, 8, 2, dtype=torch.float64, generator=generator)


def train(model: nn.Module, optimizer: Gofau, rank: int | None, steps: range) -> None:
    for i in steps:
        x, y = data()[0][i], data()[1][i]
        if rank is not None:
            x, y = x.chunk(WORLD)[rank], y.chunk(WORLD)[rank]
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()


def reference(options: dict[str, Any]) -> list[torch.Tensor]:
    model = net()
    train(model, Gofau(model.parameters(), **options), None, range(STEPS))
    return [p.detach() for p in model.parameters()]


def check(model: nn.Module, expected: list[torch.Tensor]) -> None:
    for param, value in zip(model.parameters(), expected, strict=True):
        full = param.full_tensor() if isinstance(param, DTensor) else param
        torch.testing.assert_close(full.detach(), value, rtol=1e-11, atol=1e-12)


def ddp(rank: int, options: dict[str, Any]) -> None:
    model = DistributedDataParallel(net())
    train(model, Gofau(model.parameters(), **options), rank, range(STEPS))
    check(model, reference(options))


def shard() -> nn.Sequential:
    model = net()
    mesh = init_device_mesh("cpu", (WORLD,))
    for layer in (model[0], model[2]):
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model


def fsdp(rank: int, options: dict[str, Any]) -> None:
    model = shard()
    optimizer = Gofau(model.parameters(), **options)
    assert isinstance(next(model.parameters()), DTensor)
    train(model, optimizer, rank, range(STEPS))
    check(model, reference(options))
    if options["rule"] == "multiplicative":
        # 2 zero biases of 44 parameters, of which the policy "additive" frees both.
        share = 0.0 if options.get("zero_policy") == "additive" else 2 / 44
        assert frozen_fraction(optimizer) == share


def fsdp_checkpoint(rank: int, options: dict[str, Any]) -> None:
    """Half a run, its state through a distributed checkpoint's dictionary, the other half."""
    first = shard()
    optimizer = Gofau(first.parameters(), **options)
    train(first, optimizer, rank, range(STEPS // 2))
    stored = copy.deepcopy(get_optimizer_state_dict(first, optimizer))
    second = shard()
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    resumed = Gofau(second.parameters(), **options)
    set_optimizer_state_dict(second, resumed, stored)
    train(second, resumed, rank, range(STEPS // 2, STEPS))
    check(second, reference(options))


TASKS: dict[str, Callable[[int, dict[str, Any]], None]] = {
    "ddp": ddp,
    "fsdp": fsdp,
    "fsdp_checkpoint": fsdp_checkpoint,
}


def run_case(rank: int, task: str, options: dict[str, Any]) -> None:
    try:
        TASKS[task](rank, options)
    except Exception as error:
        error.add_note(f"in {task} with {options}")
        raise


def process(rank: int, folder: str, cases: list[tuple[str, dict[str, Any]]]) -> None:
    """Run every case in one process group, which costs far more to start than a case."""
    torch.set_num_threads(1)
    store = dist.FileStore(str(Path(folder) / "store"), WORLD)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=WORLD)
    try:
        for task, options in cases:
            run_case(rank, task, options)
    finally:
        dist.destroy_process_group()
    # Gloo's threads may still hold tensors, and abort a process whose interpreter is taken down.
    os._exit(0)
