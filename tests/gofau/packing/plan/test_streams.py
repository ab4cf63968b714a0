"""Random streams belong to (problem, seed, purpose), and to nothing else."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gofau.packing.executors.denormals import are_flushed, flushed_denormals
from gofau.packing.executors.dropout import DropoutMasks, StreamDropout, use_streams
from gofau.packing.plan.streams import epoch_order, initial_module, stream, stream_seed

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, epoch=st.integers(0, 1000), size=st.integers(1, 50))
def test_an_epoch_visits_every_example_once(seed: int, epoch: int, size: int) -> None:
    order = epoch_order("p", seed, epoch, size)
    assert sorted(order.tolist()) == list(range(size))
    assert torch.equal(order, epoch_order("p", seed, epoch, size))


@given(seed=seeds)
def test_streams_differ_by_every_part_of_their_name(seed: int) -> None:
    names = [
        ("p", seed, "init", 0),
        ("q", seed, "init", 0),
        ("p", seed + 1, "init", 0),
        ("p", seed, "order", 0),
        ("p", seed, "init", 1),
    ]
    assert len({stream_seed(*name) for name in names}) == len(names)
    drawn = {tuple(torch.rand(4, generator=stream(*name)).tolist()) for name in names}
    assert len(drawn) == len(names)


def test_an_initial_draw_repeats_and_leaves_the_global_generator() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    first = initial_module("p", 5, lambda: nn.Linear(4, 4))
    second = initial_module("p", 5, lambda: nn.Linear(4, 4))
    assert torch.equal(first.weight, second.weight)  # type: ignore[arg-type]
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("p", "kept"), [(0.0, 1.0), (0.25, 4 / 3), (1.0, 0.0)])
def test_masks_keep_the_mean(p: float, kept: float) -> None:
    generator = torch.Generator().manual_seed(0)
    mask = StreamDropout(p, per_channel=False).draw((4000, 3), generator, torch.float64)
    assert mask[mask > 0].tolist() == [kept] * int((mask > 0).sum())
    assert mask.mean().item() == pytest.approx(0.0 if p == 1.0 else 1.0, abs=0.03)


def test_masks_belong_to_their_seed_and_not_to_their_group() -> None:
    image = nn.Unflatten(1, (2, 2, 1))
    module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), image, nn.Dropout2d(0.5))
    x = torch.zeros(6, 3)
    use_streams(module, x)
    masks = DropoutMasks(module)
    both, alone = masks.draw(module, x, (1, 2)), masks.draw(module, x, (2,))
    assert both.keys() == {"1.mask", "3.mask"}
    for name, mask in both.items():
        assert torch.equal(mask[1], alone[name][0])
        assert not torch.equal(mask[0], mask[1])


def test_subnormals_are_flushed_inside_only() -> None:
    assert not are_flushed()
    with flushed_denormals():
        assert are_flushed()
    assert not are_flushed()
