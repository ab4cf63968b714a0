"""accelerate: prepared optimizers and schedules, accumulation, clipping, stored states."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

from gofau import Gofau, Wrapped
from tests.interop.required import library
from tests.interop.resume import net, plain

pytestmark = pytest.mark.slow
BATCHES = 8
HALF = BATCHES // 2
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "hybrid": lambda p: Gofau(p, "adam", "hybrid", lr=0.05, lr_out=0.1, zero_policy="additive"),
    "multiplicative": lambda p: Gofau(p, "sgd", "multiplicative", lr_out=0.1),
    "wrapped": lambda p: Wrapped(torch.optim.Adam(p, lr=1.0), "hybrid", lr=0.05, lr_out=0.1),
}


@pytest.fixture
def accelerate() -> Iterator[Any]:
    """The library; what it keeps for the whole process is dropped in the end."""
    yield library("accelerate")
    library("accelerate.state").AcceleratorState._reset_state(reset_partial_state=True)
    library("accelerate.state").GradientState._reset_state()


def data() -> DataLoader[Any]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4 * BATCHES, 4, generator=generator)
    y = torch.randn(4 * BATCHES, 2, generator=generator)
    return DataLoader(TensorDataset(x, y), batch_size=4)


def built(make: Any, view: tuple[str, ...]) -> tuple[nn.Module, Any, Any]:
    model = net()
    optimizer = make(model.parameters())
    driven = optimizer.driving(*view) if view else optimizer
    return model, optimizer, lr_scheduler.LambdaLR(driven, lambda step: min(step / 3, 1.0))


def by_hand(make: Any, view: tuple[str, ...]) -> nn.Module:
    """What accelerate is asked to do, as a plain loop."""
    model, optimizer, schedule = built(make, view)
    for index, (x, y) in enumerate(data()):
        (nn.functional.mse_loss(model(x), y) / 2).backward()
        if index % 2:
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    return model


@pytest.mark.parametrize("view", [(), ("lr_out",), ("lr", "lr_out")], ids="-".join)
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_a_run_is_a_plain_loop_and_resumes(
    make: Any, view: tuple[str, ...], accelerate: Any, tmp_path: Path
) -> None:
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=2)

    def prepared() -> Any:
        accelerator.free_memory()
        return accelerator.prepare(*built(make, view), data())

    def train(run: Any, first: int, last: int) -> None:
        model, optimizer, schedule, loader = run
        for index, (x, y) in enumerate(loader):
            if not first <= index < last:
                continue
            with accelerator.accumulate(model):
                accelerator.backward(nn.functional.mse_loss(model(x), y))
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), 0.5)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()

    run = prepared()
    train(run, 0, HALF)
    accelerator.save_state(str(tmp_path), safe_serialization=False)
    train(run, HALF, BATCHES)
    whole = {"model": plain(run[0].state_dict()), "optimizer": plain(run[1].state_dict())}
    assert whole["model"] == plain(by_hand(make, view).state_dict())
    again = prepared()
    accelerator.load_state(str(tmp_path))
    train(again, HALF, BATCHES)
    model, optimizer = (plain(part.state_dict()) for part in again[:2])
    assert whole == {"model": model, "optimizer": optimizer}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_a_step_that_the_scaler_skips_moves_neither_weights_nor_schedule(
    make: Any, accelerate: Any
) -> None:
    accelerate.Accelerator(cpu=True)
    model, optimizer, schedule = built(make, ("lr_out",))
    scaled = accelerate.optimizer.AcceleratedOptimizer(
        optimizer, scaler=torch.amp.GradScaler("cpu", init_scale=8.0)
    )
    follower = accelerate.scheduler.AcceleratedScheduler(schedule, scaled)
    seen = []
    for factor in (1.0, float("inf"), 1.0):
        before = plain(model.state_dict())
        loss = (model(torch.ones(3, 4) * torch.arange(1, 4)[:, None]) * factor).square().mean()
        scaled.scaler.scale(loss).backward()
        scaled.step()
        follower.step()
        scaled.zero_grad()
        moved = plain(model.state_dict())["3.weight"] != before["3.weight"]
        seen.append((scaled.step_was_skipped, moved, schedule.last_epoch))
    # The warm-up starts from a rate of 0, which alone moves nothing under the multiplicative rule.
    assert [skipped for skipped, _, _ in seen] == [False, True, False]
    assert [moved for _, moved, _ in seen][1:] == [False, True]
    assert [epoch for _, _, epoch in seen] == [1, 1, 2]
