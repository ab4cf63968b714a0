"""Trials sorted and filtered by any axis, result or metric, by keyset."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.keyset import Order
from service.studies.models import Study
from service.trials import cells
from service.trials.columns import (
    MEMORY,
    OUTCOME,
    OUTCOMES,
    RESULTS,
    Columns,
    Floats,
    Integers,
    metric_names,
)
from service.trials.conditions import Condition
from service.trials.models import Trial
from service.trials.queries import Found, TrialFilter, joined, narrowed
from studies.trials import TrialState

Mask = npt.NDArray[np.bool_]
MOST = 2_000
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


Key = tuple[float, int]
"""Where a page ends: the number sorted by and, among equals, the trial's index."""


def known(study: Study) -> tuple[str, ...]:
    """What the trials of a study can be sorted and filtered by."""
    return tuple(dict.fromkeys((*RESULTS, *study.spec["axes"], *metric_names(study))))


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
        mask = _mask(session, study, columns, wish)
        keys = np.arange(len(mask), dtype=np.float64)
        if wish.order is not None:
            keys = columns.numbers(session, study, wish.order.by)
    descending = wish.order is not None and wish.order.descending
    found: list[tuple[Found, float]] = []
    for chosen in _pages(keys, mask, descending, after, limit):
        rows = _rows(session, study.id, wish.narrow, chosen)
        found += [(row, float(keys[row[0].index])) for row in rows]
        if len(found) >= limit:
            break
    return found[:limit]


def _mask(session: Session, study: Study, columns: Columns, wish: Wish) -> Mask:
    """Where the trials are that are wanted, but for states that change."""
    narrow = wish.narrow
    mask = np.ones(len(columns.cell), np.bool_)
    if narrow.by_arm:
        wanted = [n for n, arm in cells.arms(session, study.id).items() if narrow.has_arm(arm)]
        mask &= np.isin(columns.arm, wanted)[columns.cell]
    if narrow.cell is not None:
        mask &= columns.cell == narrow.cell
    if narrow.seed is not None:
        mask &= columns.seed == narrow.seed
    if narrow.outcome is not None:
        mask &= columns.numbers(session, study, OUTCOME) == OUTCOMES[narrow.outcome]
    for condition in wish.conditions:
        mask &= condition.holds(columns.numbers(session, study, condition.by))
    return mask & _of_state(session, study, columns, narrow.state)


def _of_state(session: Session, study: Study, columns: Columns, state: str | None) -> Mask:
    """Where trials may be in the state: the store is asked where there are few."""
    everywhere = np.ones(len(columns.cell), np.bool_)
    if state == TrialState.COMPLETED:
        return ~np.isnan(columns.numbers(session, study, OUTCOME))
    if state is None or getattr(study, state) * FEW > len(everywhere):
        return everywhere
    query = select(Trial.index).where(Trial.study_id == study.id, Trial.state == state)
    at = np.fromiter(session.scalars(query), np.int64)
    here = np.zeros(len(everywhere), np.bool_)
    here[at[at < len(here)]] = True
    return here


def _pages(
    keys: Floats, mask: Mask, descending: bool, after: Key | None, limit: int
) -> Iterator[Integers]:
    """Indexes in order, in chunks that grow."""
    sign = -1.0 if descending else 1.0
    at = np.flatnonzero(mask & ~np.isnan(keys))[:: -1 if descending else 1]
    numbers = sign * keys[at]
    if after is not None:
        value, last = sign * after[0], after[1]
        beyond = at < last if descending else at > last
        later = (numbers > value) | ((numbers == value) & beyond)
        at, numbers = at[later], numbers[later]
    count = limit
    while len(at):
        head = _least(numbers, count)
        head = head[np.argsort(numbers[head], kind="stable")][:count]
        yield at[head]
        rest = np.ones(len(at), np.bool_)
        rest[head] = False
        at, numbers = at[rest], numbers[rest]
        count = min(4 * count, MOST)


def _least(numbers: Floats, count: int) -> Integers:
    """Places of the ``count`` least numbers and of all that equal the largest of them."""
    if len(numbers) <= count:
        return np.arange(len(numbers))
    bound = np.partition(numbers, count - 1)[count - 1]
    return np.flatnonzero(numbers <= bound)


def _rows(session: Session, study_id: int, narrow: TrialFilter, chosen: Integers) -> list[Found]:
    """The trials, in that order, that are in the wanted state now."""
    indexes = chosen.tolist()
    only = TrialFilter(state=narrow.state)
    query = narrowed(joined(study_id), only).where(Trial.index.in_(indexes))
    found = {row[0].index: row for row in session.execute(query)}
    return [found[index] for index in indexes if index in found]
