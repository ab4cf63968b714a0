"""A direction is one file, in ``gofau/directions`` or of a plug-in: spec, packs, report and API."""

from pathlib import Path

import pytest

from tests.where.copied import copied
from tests.where.seen import installed, seen

DIRECTION = '''
"""A running mean of gradients that starts at the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import DirectionEntry, unit
from gofau.directions.base import Direction, bias_correction, decay_towards

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


@final
class Mean(Direction):
    """m = β·m + (1 − β)·g;  u = m/(1 − βᵗ)."""

    entry: ClassVar[DirectionEntry] = DirectionEntry(
        "NAME", "The mean of the gradients.", (unit("decay", 0.5, "of the mean"),), step_size=0.1
    )
    name: ClassVar[str] = entry.name

    def state_names(self, hyper: Hyper) -> tuple[str, ...]:
        """The mean's name."""
        return ("mean",)

    def init(self, param: Tensor, hyper: Hyper) -> State:
        """The mean at zero."""
        return {"mean": param.new_zeros(param.shape)}

    def direct(self, grad: Tensor, state: State, step: int | Tensor, hyper: Hyper) -> Tensor:
        """The direction; see `Direction.direct`."""
        mean = decay_towards(state["mean"], grad, hyper["decay"])
        return mean / bias_correction(hyper["decay"], step, grad)
'''
PLUGIN = """
from gofau.catalog.plugins import DirectionPlugin

mean = DirectionPlugin(Mean.entry, "made_direction:Mean")
"""

USED = """
import torch
from gofau import Gofau
from gofau.contract import check_direction

for name in ("mean", "their-mean"):
    check_direction(name)
    weight = torch.nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    Gofau([weight], direction=name, rule="additive").step()
    print(weight.tolist())
"""


def test_a_direction_is_one_file(tmp_path: Path) -> None:
    built_in = {"gofau/directions/mean.py": DIRECTION.replace("NAME", "mean")}
    plugin = {"made_direction.py": DIRECTION.replace("NAME", "their-mean") + PLUGIN}
    point = installed("gofau.directions", "their-mean = made_direction:mean")
    copy = copied(tmp_path, {**built_in, **plugin, **point})
    found = seen(copy, directions=["sgd", "mean", {"name": "their-mean", "decay": 0.0}])
    found.check()
    assert found.names["directions"][-2:] == ["mean", "their-mean"]
    groups = [group["direction"] for group in found.report["groups"]]
    assert groups == ["sgd", "mean", "their-mean"]
    assert "their-mean" in found.cli
    sgd, ours, theirs = ([found.packed[str(12 * k + i)] for i in range(12)] for k in range(3))
    for one, other, same in zip(sgd, ours, theirs, strict=True):
        assert same["best"] == pytest.approx(one["best"], rel=1e-5)  # without decay it is g
        assert other["best"] != pytest.approx(one["best"], rel=1e-6)
    assert all("no fused kernel of their-mean" in one["executor_reason"] for one in theirs)
    lines = copy.run(USED).splitlines()
    assert [float(line.strip("[]").split(", ")[0]) for line in lines] == pytest.approx([0.9, 0.9])
