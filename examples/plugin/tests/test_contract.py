"""Every law that gofau states for problems, rules and directions, on this package's own."""

from gofau.contract import check_direction, check_problem, check_rule


def test_moons_keep_the_contract() -> None:
    """As the catalog has them by default, and at the ends of their ranges."""
    check_problem("moons-mlp")
    check_problem("moons-mlp", {"width": 3, "noise": 0.0})


def test_soft_sign_keeps_the_contract() -> None:
    """For several values of every hyperparameter."""
    check_rule("soft-sign")


def test_lion_keeps_the_contract() -> None:
    """In stacks of trials at steps of their own, too."""
    check_direction("lion")
