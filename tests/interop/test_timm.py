"""timm: groups with layer-wise decay, its schedules, averages, look-ahead and checkpoints."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gofau import Gofau, Wrapped
from tests.interop.required import library
from tests.interop.resume import assert_resumes, plain

pytestmark = pytest.mark.slow
EPOCHS = 8
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "hybrid": lambda p: Gofau(p, "adamw", "hybrid", lr=0.01, lr_out=0.02, zero_policy="additive"),
    "multiplicative": lambda p: Gofau(p, "adam", "multiplicative", lr_out=0.02),
    "wrapped": lambda p: Wrapped(torch.optim.AdamW(p, lr=1.0), "hybrid", lr=0.01, lr_out=0.02),
}


@pytest.fixture
def timm(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library, which must ask no hub for anything."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    library("timm.optim")
    library("timm.scheduler")
    return library("timm")


def vit(timm: Any) -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model("test_vit", pretrained=False, img_size=32, num_classes=3)


def backward(model: nn.Module, step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    images = torch.randn(4, 3, 32, 32, generator=generator)
    labels = torch.randint(3, (4,), generator=generator)
    nn.functional.cross_entropy(model(images), labels).backward()


def parts(timm: Any, make: Any, view: tuple[str, ...]) -> Any:
    model = vit(timm)
    optimizer = make(timm.optim.param_groups_layer_decay(model, 0.05, layer_decay=0.5))
    driven = optimizer.driving(*view) if view else optimizer
    return {
        "model": model,
        "optimizer": optimizer,
        "schedule": timm.scheduler.CosineLRScheduler(
            driven, t_initial=EPOCHS, warmup_t=3, warmup_lr_init=0.0, lr_min=0.0
        ),
        "average": timm.utils.ModelEmaV3(model, decay=0.5),
    }


def advance(timm: Any, run: Any, step: int) -> None:
    run["optimizer"].zero_grad()
    backward(run["model"], step)
    timm.utils.dispatch_clip_grad(run["model"].parameters(), 0.1, mode="agc")
    run["optimizer"].step()
    run["average"].update(run["model"], step=step)
    run["schedule"].step(step + 1)


@pytest.mark.parametrize("view", [(), ("lr_out",), ("lr", "lr_out")], ids="-".join)
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_a_run_with_rates_by_layer_resumes(make: Any, view: tuple[str, ...], timm: Any) -> None:
    whole = assert_resumes(partial(parts, timm, make, view), partial(advance, timm))
    assert len({group["lr_scale"] for group in whole["optimizer"].param_groups}) > 2


@pytest.mark.parametrize("view", [(), ("lr_out",), ("lr", "lr_out")], ids="-".join)
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_each_group_gets_the_schedule_times_its_scale(
    make: Any, view: tuple[str, ...], timm: Any
) -> None:
    run = parts(timm, make, view)
    driven = [name for name in (view or ("lr",)) if name in run["optimizer"].param_groups[0]]
    reference = torch.optim.SGD(vit(timm).parameters(), lr=1.0)
    expected = timm.scheduler.CosineLRScheduler(
        reference, t_initial=EPOCHS, warmup_t=3, warmup_lr_init=0.0, lr_min=0.0
    )
    start = make([nn.Parameter(torch.ones(1))]).param_groups[0]
    for step in range(EPOCHS):
        advance(timm, run, step)
        expected.step(step + 1)
        share = reference.param_groups[0]["lr"]
        for group in run["optimizer"].param_groups:
            for name in driven:
                wanted = start[name] * share * group["lr_scale"]
                assert group[name] == pytest.approx(wanted, abs=1e-12), (name, step)


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_its_checkpoints_resume(make: Any, timm: Any, tmp_path: Path) -> None:
    def build() -> Any:
        model = vit(timm)
        return model, make(timm.optim.param_groups_weight_decay(model, 0.05))

    def train(model: nn.Module, optimizer: Any, steps: range) -> None:
        for step in steps:
            optimizer.zero_grad()
            backward(model, step)
            optimizer.step()

    model, optimizer = build()
    saver = timm.utils.CheckpointSaver(model, optimizer, checkpoint_dir=str(tmp_path))
    train(model, optimizer, range(3))
    saver.save_checkpoint(0)
    train(model, optimizer, range(3, 6))
    other, resumed = build()
    timm.models.resume_checkpoint(other, str(tmp_path / "last.pth.tar"), resumed, log_info=False)
    train(other, resumed, range(3, 6))
    assert plain(other.state_dict()) == plain(model.state_dict())
    assert plain(resumed.state_dict()) == plain(optimizer.state_dict())


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_it_looks_ahead_of_ours(make: Any, timm: Any) -> None:
    def build() -> Any:
        model = vit(timm)
        return {
            "model": model,
            "optimizer": timm.optim.Lookahead(make(model.parameters()), alpha=0.5, k=3),
        }

    def step(run: Any, index: int) -> None:
        run["optimizer"].zero_grad()
        backward(run["model"], index)
        run["optimizer"].step()

    whole = assert_resumes(build, step)
    alone = {"model": vit(timm)}
    alone["optimizer"] = make(alone["model"].parameters())
    kept = []
    for index in range(6):
        step(alone, index)
        kept.append([p.detach().clone() for p in alone["model"].parameters()])
    ahead = build()
    for index in range(6):
        step(ahead, index)
    for third, sixth, got in zip(kept[2], kept[5], ahead["model"].parameters(), strict=True):
        torch.testing.assert_close(got, (third + sixth) / 2)
    assert whole["optimizer"].param_groups[0]["lookahead_step"] == EPOCHS
