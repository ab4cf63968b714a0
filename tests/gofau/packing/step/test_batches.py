"""Batches gathered ahead are those that each step alone would gather."""

import pytest
import torch

from gofau.packing.step import batches
from gofau.packing.step.batches import Batches


@pytest.mark.parametrize("steps_ahead", [1, 2, 3, 100])
def test_every_step_sees_its_own_examples(
    monkeypatch: pytest.MonkeyPatch, steps_ahead: int
) -> None:
    groups, batch, width = 2, 3, 5
    monkeypatch.setattr(batches, "AHEAD_BYTES", steps_ahead * groups * batch * width * 4)
    x, y = torch.arange(23 * width).view(23, width).float(), torch.arange(23)
    order = torch.stack(
        [torch.randperm(23, generator=torch.Generator().manual_seed(s)) for s in (0, 1)]
    )
    given = Batches(x, y, order, batch)
    for step in (*range(7), 2, 6, 0):
        rows = order[:, step * batch : (step + 1) * batch]
        got_x, got_y = given.at(step)
        assert torch.equal(got_x, x[rows])
        assert torch.equal(got_y, y[rows])
        assert got_x.is_contiguous()
