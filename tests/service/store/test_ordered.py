"""Orders that grow give what sorting anew gives."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gofau_service.store.ordered import Ordered

NUMBERS = st.lists(st.sampled_from([float("nan"), -1.0, 0.0, 0.5, 2.0]), min_size=1, max_size=30)


@given(values=NUMBERS, known=st.integers(0, 2**30 - 1))
def test_an_order_that_grows_is_the_order_of_all(values: list[float], known: int) -> None:
    whole = np.array(values)
    early = np.array([known >> i & 1 == 1 for i in range(len(values))])
    late = np.flatnonzero(~early & ~np.isnan(whole))
    grown = Ordered.of(np.where(early, whole, np.nan)).including(late, whole[late])
    anew = Ordered.of(whole)
    assert grown.index.tolist() == anew.index.tolist()
    assert grown.numbers.tolist() == anew.numbers.tolist()


@given(
    values=NUMBERS, number=st.sampled_from([-2.0, -1.0, 0.25, 0.5, 2.0]), last=st.integers(0, 30)
)
def test_what_follows_a_place_is_all_beyond_it(
    values: list[float], number: float, last: int
) -> None:
    order = Ordered.of(np.array(values))
    keys = [(v, i) for i, v in enumerate(values) if not np.isnan(v)]
    after = sorted(key for key in keys if key > (number, last))
    before = sorted((key for key in keys if key < (number, last)), reverse=True)
    assert order.after((number, last), False).tolist() == [i for _, i in after]
    assert order.after((number, last), True).tolist() == [i for _, i in before]
    assert order.after(None, False).tolist() == [i for _, i in sorted(keys)]
