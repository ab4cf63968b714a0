"""A rule is one file, in ``gofau/rules`` or of a plug-in: spec, packs, report and API have it."""

from pathlib import Path

import pytest

from tests.where.copied import copied
from tests.where.seen import installed, seen

RULE = '''
"""A rule by powers of the direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from gofau.catalog import RuleEntry, positive
from gofau.rules.base import UpdateRule

if TYPE_CHECKING:
    from torch import Tensor

    from gofau.hyper import Hyper, State


@final
class Power(UpdateRule):
    """θ ← θ − lr·sign(u)·abs(u)^power."""

    entry: ClassVar[RuleEntry] = RuleEntry(
        "NAME",
        "θ ← θ − lr·sign(u)·|u|^power.",
        (positive("lr", None, "step size"), positive("power", 0.5, "of the direction")),
    )
    name: ClassVar[str] = entry.name

    def init(self, param: Tensor, hyper: Hyper, batch_dims: int = 0) -> State:
        """Nothing to remember."""
        return {}

    def moves_zero(self, hyper: Hyper) -> bool | Tensor:
        """Zeros move."""
        return True

    def update(self, param: Tensor, u: Tensor, state: State, hyper: Hyper) -> Tensor:
        """The new parameter; see `UpdateRule.update`."""
        return param - u.sign() * u.abs() ** hyper["power"] * hyper["lr"]
'''
PLUGIN = """
from gofau.catalog.plugins import RulePlugin

power = RulePlugin(Power.entry, "made_rule:Power")
"""

LAWS = "from gofau.contract import check_rule as check; check('power'); check('their-power')"


def test_a_rule_is_one_file(tmp_path: Path) -> None:
    built_in = {"gofau/rules/power.py": RULE.replace("NAME", "power")}
    plugin = {"made_rule.py": RULE.replace("NAME", "their-power") + PLUGIN}
    point = installed("gofau.rules", "their-power = made_rule:power")
    copy = copied(tmp_path, {**built_in, **plugin, **point})
    found = seen(copy, rules=["additive", "power", {"name": "their-power", "power": 1.0}])
    found.check()
    assert found.names["rules"][-2:] == ["power", "their-power"]
    made = [rule["rule"] for rule in found.report["groups"][0]["rules"]]
    assert made == ["additive", "power", "their-power"]
    assert "their-power" in found.cli
    copy.run(LAWS)
    additive, ours, theirs = ([found.packed[str(12 * k + i)] for i in range(12)] for k in range(3))
    for one, other, same in zip(additive, ours, theirs, strict=True):
        assert same["best"] == pytest.approx(one["best"], rel=1e-5)  # with power 1 it is additive
        assert other["best"] != pytest.approx(one["best"], rel=1e-2)
