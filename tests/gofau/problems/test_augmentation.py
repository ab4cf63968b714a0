"""Random crops and flips: against a plain loop, by the trial's own stream only."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from gofau.packing import PackPlan, TrialPlan, run_pack
from gofau.packing.executors import MLPExecutor
from gofau.packing.plan.streams import stream
from gofau.problems import photographs, problem
from gofau.problems.blocks.augmentation import crop_and_flip
from gofau.problems.digits import DigitsMLP


def one_by_one(x: Tensor, generator: torch.Generator, padding: int) -> Tensor:
    """The same draws, applied by slicing and flipping each image."""
    shifts = torch.randint(2 * padding + 1, (2, len(x), 1), generator=generator)
    mirrored = torch.rand(len(x), 1, generator=generator) < 0.5
    out = torch.empty_like(x)
    for i, image in enumerate(x):
        wide = nn.functional.pad(image, (padding,) * 4)
        if mirrored[i]:
            wide = wide.flip(-1)
        top, left = int(shifts[0, i]), int(shifts[1, i])
        if mirrored[i]:
            left = 2 * padding - left
        out[i] = wide[:, top : top + x.shape[2], left : left + x.shape[3]]
    return out


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize(("shape", "padding"), [((9, 3, 6, 5), 2), ((4, 1, 3, 3), 0)])
def test_it_equals_slicing_and_flipping(
    shape: tuple[int, ...], padding: int, dtype: torch.dtype
) -> None:
    x = torch.randint(1, 255, shape).to(dtype)
    got = crop_and_flip(x, torch.Generator().manual_seed(3), padding)
    assert torch.equal(got, one_by_one(x, torch.Generator().manual_seed(3), padding))
    assert got.is_contiguous()


def test_every_shift_and_both_mirrors_occur() -> None:
    x = torch.zeros(2000, 1, 5, 5)
    x[:, 0, 2, 2], x[:, 0, 2, 3] = 1, 2
    got = crop_and_flip(x, torch.Generator().manual_seed(0), 1)
    assert len({tuple(image.flatten().tolist()) for image in got}) == 3 * 3 * 2


class Recorder:
    """An augmentation that notes the first draw of each stream it is given."""

    def __init__(self) -> None:
        self.draws: list[float] = []

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        self.draws.append(torch.rand(1, generator=generator).item())
        return x


def plan_of(name: str, seeds: tuple[int, ...], **fields: object) -> PackPlan:
    hyper = {"lr": 1e-3, "momentum": 0.0, "dampening": 0.0, "nesterov": False}
    hyper |= {"weight_decay": 0.0, "decoupled_decay": False}
    trials = tuple(TrialPlan(k, seed, 1.0, hyper) for k, seed in enumerate(seeds))
    plan = PackPlan(name, {}, "sgd", "additive", 2, 5, trials, "val_loss")
    return replace(plan, **fields)  # type: ignore[arg-type]


def test_a_pack_augments_by_one_stream_for_each_seed_and_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = Recorder()
    monkeypatch.setattr(DigitsMLP, "augmentation", recorder)
    list(run_pack(plan_of("digits-mlp", (4, 4, 9), batch_size=700)))
    expected = [
        torch.rand(1, generator=stream("digits-mlp", seed, "augment", step)).item()
        for step in range(2 * 2)
        for seed in (4, 9)
    ]
    assert recorder.draws == expected


@pytest.mark.usefixtures("data")
def test_augmentation_changes_training_and_can_be_switched_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def linear(_: object, classes: int, norm: str) -> list[nn.Module]:
        return [nn.Flatten(), nn.Linear(3 * 32 * 32, classes)]

    monkeypatch.setattr(photographs.Network, "layers", linear)
    with_it, without = (
        next(run_pack(plan_of("cifar100-vgg11", (1,), problem_parameters={"augment": flag})))
        for flag in (True, False)
    )
    assert with_it.curves["val_loss"][0] == without.curves["val_loss"][0]
    assert with_it.curves["train_loss"][-1] != without.curves["train_loss"][-1]


def test_an_mlp_whose_inputs_change_is_not_hand_batched() -> None:
    given = problem("mnist1d-mlp")
    data = given.dataset()
    assert MLPExecutor.obstacle(given, given.module(), data) is None
    given.augmentation = partial(crop_and_flip, padding=1)
    assert (
        MLPExecutor.obstacle(given, given.module(), data) == "its training inputs change at random"
    )
