"""A problem is one file, in ``gofau/problems`` or of a plug-in: spec, packs, report and API."""

from pathlib import Path

from tests.where.copied import copied
from tests.where.seen import installed, seen

PROBLEM = '''
"""A line through points."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import MetricEntry, Parameter, ProblemEntry
from gofau.problems.base import Dataset, Problem

if TYPE_CHECKING:
    from torch import Tensor, nn


@final
class Line(Problem):
    """y = ½·x with ``noise``, by ``degree`` inputs."""

    entry = ProblemEntry(
        "NAME",
        "A line through 64 points.",
        (Parameter("degree", int, 2, "inputs", low=1, high=8),),
        cap=4.0,
        metrics=("val_loss", "train_loss", MetricEntry("val_METRIC", "Mean error.", True, "m")),
        train_size=64,
    )
    name: ClassVar[str] = entry.name

    def dataset(self) -> Dataset:
        """96 points of fixed draws."""
        import torch

        x = torch.randn(96, self.integer("degree"), generator=torch.Generator().manual_seed(0))
        y = x.sum(1, keepdim=True) / 2
        return Dataset(x[:64], y[:64], x[64:], y[64:])

    def module(self) -> nn.Sequential:
        """A linear layer."""
        from torch import nn

        return nn.Sequential(nn.Linear(self.integer("degree"), 1))

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Mean squared error."""
        return (output - target).square().mean()

    def measure(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Its mean, and the mean of the errors' sizes."""
        error = (output - target).abs().mean()
        return {"val_loss": self.loss(output, target), "val_METRIC": error}
'''
PLUGIN = """
from gofau.catalog.plugins import ProblemPlugin

line = ProblemPlugin(Line.entry, "made_problem:Line")
"""
LAWS = (
    "from gofau.contract import check_problem as law; law('line', {'degree': 3}); law('their-line')"
)


def written(name: str, metric: str) -> str:
    return PROBLEM.replace("NAME", name).replace("METRIC", metric)


def test_a_problem_is_one_file(tmp_path: Path) -> None:
    built_in = {"gofau/problems/line.py": written("line", "error")}
    plugin = {"made_problem.py": written("their-line", "their_error") + PLUGIN}
    point = installed("gofau.problems", "their-line = made_problem:line")
    copy = copied(tmp_path, {**built_in, **plugin, **point})
    both = [{"name": "line", "degree": 3}, "their-line"]
    found = seen(copy, problem=None, problems=both)
    found.check()
    assert found.names["problems"].index("line") < found.names["problems"].index("quadratic")
    assert found.names["problems"][-1] == "their-line"
    assert found.names["metrics"][-2:] == ["val_error", "val_their_error"]
    assert [group["problem"] for group in found.report["groups"]] == ["line", "their-line"]
    assert "their-line" in found.cli
    measured = [set(one["metrics"]) for one in found.packed.values()]
    assert measured[0] == {"val_loss", "train_loss", "val_error"}
    assert measured[-1] == {"val_loss", "train_loss", "val_their_error"}
    copy.run(LAWS)
