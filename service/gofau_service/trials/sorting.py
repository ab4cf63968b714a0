"""Trials sorted and filtered by any axis, result or metric, by keyset."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gofau_service.store import cells, trial_list
from gofau_service.store.columns import MEMORY, OUTCOME, OUTCOMES, Columns, metric_names
from gofau_service.store.engine import Session
from gofau_service.store.keyset import Order
from gofau_service.store.ordered import Floats, Integers, Key
from gofau_service.store.tables.studies import Study
from gofau_service.store.trial_list import Found, TrialFilter
from gofau_service.trials.conditions import Condition
from gofau_studies.protocol.trial_facts import NUMBERS
from gofau_studies.protocol.trials import TrialState

Mask = npt.NDArray[np.bool_]
Numbers = Callable[[Integers], Floats]
Test = Callable[[Integers], Mask]
MOST = 65_536
FEW = 20
"""A state that fewer than one in so many trials have is looked up, instead of met by chance."""


@dataclass(frozen=True)
class Wish:
    """Which trials are wanted, and in which order; without one, as the grid has them."""

    narrow: TrialFilter
    conditions: tuple[Condition, ...] = ()
    order: Order | None = None

    @classmethod
    def parse(
        cls, study: Study, narrow: TrialFilter, where: Sequence[str], sort: str | None
    ) -> "Wish":
        """Read the conditions and the order of a request.

        Raises:
            InvalidError: a condition or an order that the study's trials do not have.
        """
        names = known(study)
        conditions = tuple(Condition.parse(text, names) for text in where)
        return cls(narrow, conditions, None if sort is None else Order.parse(sort, names))

    @property
    def numbers(self) -> set[str]:
        """The axes and results that it is about."""
        return {c.by for c in self.conditions} | ({self.order.by} if self.order else set())


def known(study: Study) -> tuple[str, ...]:
    """What the trials of a study can be sorted and filtered by."""
    return tuple(dict.fromkeys((*NUMBERS, *study.spec["axes"], *metric_names(study))))


def page(
    session: Session, study: Study, wish: Wish, after: Key | None, limit: int
) -> list[tuple[Found, float]]:
    """Trials after a place, each with the number that it is sorted by (its index without order).

    Trials without that number are left out, as are those without one that a condition is on.
    """
    columns = MEMORY.of(study)
    with columns.turn:
        columns.refresh(session, study)
        if wish.narrow.state not in (None, TrialState.COMPLETED) and wish.numbers - set(
            columns.axes
        ):
            return []
        tests = list(_tests(session, study, columns, wish))
        following, numbers = _following(session, study, columns, wish.order, after)
    found: list[tuple[Found, float]] = []
    for chosen in _chosen(following, tests, limit):
        rows = trial_list.in_this_order(session, study.id, chosen.tolist(), wish.narrow.state)
        at = np.array([row[0].index for row in rows], np.int64)
        found += zip(rows, numbers(at).tolist(), strict=True)
        if len(found) >= limit:
            break
    return found[:limit]


def _following(
    session: Session, study: Study, columns: Columns, order: Order | None, after: Key | None
) -> tuple[Integers, Numbers]:
    """Indexes after a place in order, and what gives the numbers that they are sorted by."""
    if order is None:
        every = np.arange(len(columns.cell), dtype=np.int64)
        return every[after[1] + 1 if after else 0 :], lambda at: at.astype(np.float64)
    sorted_ = columns.ordered(session, study, order.by)
    numbers = columns.numbers(session, study, order.by)
    return sorted_.after(after, order.descending), numbers


def _tests(session: Session, study: Study, columns: Columns, wish: Wish) -> Iterator[Test]:
    """What a wanted trial fulfils, by its index; of the states that change, only that it may."""
    narrow = wish.narrow
    if narrow.by_arm:
        arms = cells.arms(session, study.id)
        wanted = np.array([narrow.has_arm(arms[n]) for n in range(len(arms))], np.bool_)
        arm, cell = columns.arm, columns.cell
        yield lambda at: wanted[arm[cell[at]]]
    for known, one in ((columns.cell, narrow.cell), (columns.seed, narrow.seed)):
        if one is not None:
            yield partial(_equal, known.__getitem__, one)
    if narrow.outcome is not None:
        outcomes = columns.numbers(session, study, OUTCOME)
        yield partial(_equal, outcomes, OUTCOMES[narrow.outcome])
    for condition in wish.conditions:
        yield partial(_holds, columns.numbers(session, study, condition.by), condition)
    if narrow.state is not None:
        yield _of_state(session, study, columns, narrow.state)


def _equal(numbers: Callable[[Integers], Any], one: int, at: Integers) -> Mask:
    equal: Mask = numbers(at) == one
    return equal


def _holds(numbers: Numbers, condition: Condition, at: Integers) -> Mask:
    holds: Mask = condition.holds(numbers(at))
    return holds


def _of_state(session: Session, study: Study, columns: Columns, state: str) -> Test:
    """Which trials may be in the state: the store is asked where there are few."""
    if state == TrialState.COMPLETED:
        outcomes = columns.numbers(session, study, OUTCOME)
        return lambda at: ~np.isnan(outcomes(at))
    if getattr(study, state) * FEW > len(columns.cell):
        return lambda at: np.ones(len(at), np.bool_)
    here = np.fromiter(trial_list.indexes_in(session, study.id, state), np.int64)
    return lambda at: np.isin(at, here)


def _chosen(following: Integers, tests: Sequence[Test], limit: int) -> Iterator[Integers]:
    """Indexes that fulfil all tests, a page at a time; the chunks that are tested grow."""
    start, step = 0, limit
    while start < len(following):
        at = following[start : start + step]
        start, step = start + step, min(4 * step, MOST)
        for test in tests:
            at = at[test(at)]
        for first in range(0, len(at), limit):
            yield at[first : first + limit]
