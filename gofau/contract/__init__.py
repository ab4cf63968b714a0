"""The laws of problems and rules as functions that raise `ContractError` where one is broken.

The author of a plug-in calls them in a test::

    from gofau.contract import check_problem, check_rule

    def test_moons() -> None:
        check_problem("moons-mlp")

    def test_sign() -> None:
        check_rule("sign")
"""

from gofau.contract.errors import ContractError
from gofau.contract.problems import check_problem
from gofau.contract.rules import check_rule

__all__ = ["ContractError", "check_problem", "check_rule"]
