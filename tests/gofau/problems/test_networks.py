"""Shapes, counts and starts of the deep problems' networks, and packed equals serial."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from gofau.catalog import Scalar
from gofau.catalog import problems as catalog
from gofau.packing import PackPlan, TrialPlan
from gofau.packing.program import Program
from gofau.problems import Problem, problem
from gofau.problems.blocks.layers import Pixels, norm
from gofau.problems.blocks.signals import signals
from gofau.problems.photographs import collections

NORMS = ("none", "batch", "group")


def shapes_of(given: Problem) -> nn.Module:
    """The network without numbers: millions of them would be drawn for nothing."""
    with torch.device("meta"):
        return given.module()


def weights(given: Problem) -> int:
    return sum(p.numel() for p in shapes_of(given).parameters())


@pytest.mark.parametrize(
    ("name", "parameters", "count"),
    [
        # Kuangliu's well-known CIFAR ResNet-18 and the torchvision trunks have these sizes.
        ("cifar10-resnet18", {}, 11_173_962),
        ("cifar100-resnet18", {}, 11_220_132),
        ("cifar10-resnet34", {}, 21_282_122),
        ("cifar10-vgg11", {}, 9_225_610),
        ("cifar10-vgg16", {"norm": "batch"}, 14_728_266),
        ("tiny-imagenet-resnet34", {}, 21_379_592),
        ("mnist1d-cnn", {}, 5_210),
        ("mnist1d-mlp", {}, 15_210),
        ("digits-cnn", {}, 6_090),
    ],
)
def test_networks_have_their_published_sizes(
    name: str, parameters: Mapping[str, Scalar], count: int
) -> None:
    assert weights(problem(name, parameters)) == count


def test_mnist1d_networks_are_the_published_ones() -> None:
    """Conv1d(1,25,5), (25,25,3), (25,25,3) with stride 2 and padding 1, Linear(125,10)."""
    given = problem("mnist1d-cnn").module()
    plain = nn.Sequential(
        nn.Conv1d(1, 25, 5, 2, 1),
        nn.ReLU(),
        nn.Conv1d(25, 25, 3, 2, 1),
        nn.ReLU(),
        nn.Conv1d(25, 25, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(125, 10),
    )
    with torch.no_grad():
        for mine, theirs in zip(given.parameters(), plain.parameters(), strict=True):
            theirs.copy_(mine.view_as(theirs))
    x = torch.randn(6, 1, 40)
    torch.testing.assert_close(given(x.unsqueeze(2)), plain(x))


def test_mnist1d_signals_are_the_published_ones() -> None:
    """The first and the last three numbers, labels and moments of package mnist1d 0.0.2.post1."""
    x, y = signals()
    assert x[0, :3] == pytest.approx([-0.33200567, -0.47191037, -0.77869708], abs=1e-8)
    assert x[4999, -3:] == pytest.approx([0.65987565, 0.87773435, 1.19315184], abs=1e-8)
    assert y[:10].tolist() == [2, 6, 4, 5, 6, 6, 6, 0, 3, 1]
    assert x.std() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", [n for n in catalog.entries if "vgg" in n or "resnet" in n])
@pytest.mark.parametrize("kind", NORMS)
def test_photograph_networks_map_images_to_classes(name: str, kind: str) -> None:
    given = problem(name, {"norm": kind})
    side = 64 if name.startswith("tiny") else 32
    images = torch.zeros(2, 3, side, side, dtype=torch.uint8, device="meta")
    module = shapes_of(given)
    assert module(images).shape == (2, given.entry.classes)
    kinds = {type(m) for m in module.modules()}
    assert (nn.BatchNorm2d in kinds) is (kind == "batch")
    assert (nn.GroupNorm in kinds) is (kind == "group")
    assert given.cap == pytest.approx(torch.tensor(given.entry.classes).log().item())


@pytest.mark.parametrize("channels", [1, 6, 100, 512])
def test_group_norms_divide_the_channels(channels: int) -> None:
    (layer,) = norm("group", channels)
    assert isinstance(layer, nn.GroupNorm)
    assert channels % layer.num_groups == 0
    assert layer.num_groups <= 8


def test_pixels_standardise_each_channel_in_the_modules_dtype() -> None:
    layer = Pixels((0.1, 0.2), (0.5, 2.0)).double()
    x = torch.tensor([[[[0, 255]], [[51, 102]]]], dtype=torch.uint8)
    expected = torch.tensor([[[[-0.2, 1.8]], [[0.0, 0.1]]]], dtype=torch.float64)
    torch.testing.assert_close(layer(x), expected, rtol=1e-7, atol=1e-8)
    folded = torch.cat([x, x.flip(-1)], 1)
    torch.testing.assert_close(layer(folded), torch.cat([layer(x), layer(x.flip(-1))], 1))


def test_every_collection_has_its_catalog_entries() -> None:
    for one in collections.entries.values():
        for network in ("resnet18", "resnet34", "vgg11", "vgg16"):
            assert catalog.get(f"{one.name}-{network}", "problem").classes == one.classes


def pack(name: str, parameters: Mapping[str, Scalar], size: int, batch: int) -> PackPlan:
    hyper = {"lr_in": 1.0, "momentum": 0.5, "dampening": 0.0, "nesterov": False, "gamma": 0.5}
    hyper |= {"weight_decay": 1e-3, "decoupled_decay": False}
    trials = tuple(
        TrialPlan(k, k % 2, 0.5 + k / 4, {**hyper, "lr": 0.01 * (k + 1), "lr_out": 0.01 * (k + 1)})
        for k in range(size)
    )
    return PackPlan(
        name, parameters, "sgd", "hybrid", 1, batch, trials, "val_loss", dtype="float64"
    )


def after_one_step(plan: PackPlan) -> tuple[str, dict[str, torch.Tensor]]:
    program = Program(plan)
    running = program.start(sorted(plan.trials, key=lambda t: (t.seed, t.key)))
    program._step(running, program._begin(running), 0)
    views = program.executor.layout.views(running.stack.blocks)
    return program.executor.name, {**views, **running.stack.buffers}


def assert_packed_equals_serial(plan: PackPlan, executor: str) -> None:
    used, got = after_one_step(plan)
    _, want = after_one_step(replace(plan, executor="serial"))
    assert used == executor
    assert got.keys() == want.keys()
    for name, value in got.items():
        size = len(plan.trials)
        alone = want[name].double().reshape(size, -1)
        error = (value.double().reshape(size, -1) - alone).abs().amax(1)
        assert (error / alone.abs().amax(1).clamp_min(1e-3)).max() <= 1e-10, name


@pytest.mark.parametrize("kind", NORMS)
@pytest.mark.parametrize(
    ("name", "executor"),
    [("digits-cnn", "grouped"), ("mnist1d-cnn", "grouped"), ("mnist1d-mlp", "vmap")],
)
def test_a_packed_step_equals_the_serial_one(name: str, kind: str, executor: str) -> None:
    mlp = "compiled" if shutil.which("g++") else "bmm"
    used = mlp if (name, kind) == ("mnist1d-mlp", "none") else executor
    assert_packed_equals_serial(pack(name, {"norm": kind}, 5, 64), used)


@pytest.mark.parametrize(
    ("name", "kind", "executor"),
    [
        ("cifar10-vgg11", "batch", "grouped"),
        pytest.param("cifar10-vgg11", "none", "grouped", marks=pytest.mark.slow),
        pytest.param("cifar10-vgg11", "group", "grouped", marks=pytest.mark.slow),
        pytest.param("cifar10-resnet18", "batch", "vmap", marks=pytest.mark.slow),
        pytest.param("tiny-imagenet-vgg11", "batch", "grouped", marks=pytest.mark.slow),
    ],
)
def test_a_packed_step_on_photographs_equals_the_serial_one(
    data: Path, name: str, kind: str, executor: str
) -> None:
    assert_packed_equals_serial(pack(name, {"norm": kind}, 2, 4), executor)
