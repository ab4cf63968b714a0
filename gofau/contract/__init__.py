"""The laws of problems, rules and directions as functions that raise `ContractError` when broken.

The author of a plug-in calls them in a test::

    from gofau.contract import check_direction, check_problem, check_rule

    def test_moons() -> None:
        check_problem("moons-mlp")

    def test_sign() -> None:
        check_rule("sign")

    def test_lion() -> None:
        check_direction("lion")
"""

from gofau.contract.directions import check_direction
from gofau.contract.errors import ContractError
from gofau.contract.problems import check_problem
from gofau.contract.rules import check_rule

__all__ = ["ContractError", "check_direction", "check_problem", "check_rule"]
