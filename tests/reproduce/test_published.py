"""The printed tables are complete, and in the order that the paper claims."""

from itertools import product

from reproduce.published import CASES, DEVIATIONS, DIRECTIONS, PUBLISHED, TABLES, RowKey
from reproduce.tables import order

CLAIM = "hybrid < multiplicative < additive"


def test_every_row_is_there() -> None:
    assert set(PUBLISHED) == {RowKey(*key) for key in product(TABLES, CASES, DIRECTIONS)}
    assert set(DEVIATIONS) == {key for key in PUBLISHED if key.table == "T2"}


def test_three_printed_rows_cut_against_the_claim() -> None:
    others = {key: order(cells) for key, cells in PUBLISHED.items() if order(cells) != CLAIM}
    assert others == {
        RowKey("T2", "convex", "adagrad"): "hybrid < additive < multiplicative",
        RowKey("T2", "convex", "rmsprop"): "hybrid < additive < multiplicative",
        RowKey("T2", "rosenbrock", "rmsprop"): "multiplicative < hybrid < additive",
    }
