"""A metric is an entry and a number of the problem that measures it, both in the problem's file."""

from pathlib import Path

from tests.where.copied import copied
from tests.where.seen import seen

IMPORTS = (
    "from gofau.catalog import ProblemEntry\n",
    "from gofau.catalog import MetricEntry, ProblemEntry\n",
)
ENTRY = (
    "metrics=METRICS,",
    'metrics=(*METRICS, MetricEntry("val_margin", "Mean margin.", False, "nat")),',
)
MEASURED = '''
    def measure(self, output: Tensor, target: Tensor) -> dict[str, Tensor]:
        """As of every classification, and by how much the target's output leads the mean."""
        margin = output.gather(1, target.unsqueeze(1)).mean() - output.mean()
        return {**super().measure(output, target), "val_margin": margin}
'''


def test_a_metric_is_one_file(tmp_path: Path) -> None:
    module = "    def module(self) -> nn.Sequential:\n"
    imports = ("    from torch import nn\n\nSIDE", "    from torch import Tensor, nn\n\nSIDE")
    edits = [IMPORTS, imports, ENTRY, (module, f"{MEASURED.lstrip(chr(10))}\n{module}")]
    copy = copied(tmp_path, {"gofau/problems/digits.py": edits})
    found = seen(copy, goal={"metric": "val_margin"})
    found.check()
    assert found.names["metrics"][-1] == "val_margin"
    group = found.report["groups"][0]
    told = [group[name] for name in ("goal_metric", "minimize", "goal_unit")]
    assert told == ["val_margin", False, "nat"]
    assert all(one["metrics"]["val_margin"] > -1 for one in found.packed.values())
    copy.run("from gofau.contract import check_problem; check_problem('digits-mlp')")
