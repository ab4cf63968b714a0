"""Operations are seen as they are performed, and at no other cost."""

import subprocess
import sys

import pytest
import torch

from gofau.packing.executors.watching import Watch


class Names(Watch):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def seen(self, func, args, kwargs, made):
        self.names.append(str(func))
        assert isinstance(made, torch.Tensor)


def test_operations_are_performed_and_seen_in_order() -> None:
    x = torch.arange(3.0)
    with Names() as watch:
        y = (x + 1).exp()
    torch.sin(x)
    assert watch.names == ["aten.add.Tensor", "aten.exp.default"]
    assert torch.equal(y, torch.exp(x + 1))


TRAIN = """
import sys
from gofau.packing import PackPlan, TrialPlan, run_pack
hyper = dict(
    momentum=0.0, dampening=0.0, nesterov=False, lr=0.1, weight_decay=0.0, decoupled_decay=False
)
plan = PackPlan(
    problem="digits-mlp", problem_parameters={}, epochs=1, batch_size=64, direction="sgd",
    rule="additive", goal_metric="val_loss", trials=(TrialPlan(0, 0, 1.0, hyper),),
)
[outcome] = run_pack(plan)
assert outcome.epochs_run == 1
print(*(name for name in ("torch._dynamo", "sympy") if name in sys.modules))
"""


@pytest.mark.slow
def test_a_pack_trains_without_torchs_compiler() -> None:
    ended = subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True)
    assert (ended.stdout.strip(), ended.stderr) == ("", "")
