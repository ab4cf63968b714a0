"""Numbers of a study's trials as arrays by index, kept up to date as results land.

Sorting, filtering and aggregating by any result needs no index in the database, which every
result would have to pay for. A completed trial never changes, so an array only has to be told
what has completed since it was last looked at: the trials of a later revision. The first look
reads a column once.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from gofau import catalog
from gofau_service.store.ordered import Floats, Integers, Ordered
from gofau_service.store.tables.studies import Cell, Study
from gofau_service.store.tables.trials import Measurement, Trial
from gofau_studies.protocol.trial_facts import NUMBERS
from gofau_studies.protocol.trials import Outcome

OUTCOME = "outcome"
OUTCOMES = {str(outcome): place for place, outcome in enumerate(Outcome)}
FEW = 1_000
"""New numbers that are put into an order one by one; more are sorted with the old ones."""
MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Summary:
    """Per cell, over its completed trials that have a number: how many, and their moments."""

    valued: Integers
    total: Floats
    squares: Floats
    least: Floats
    largest: Floats


@dataclass
class Column:
    """One number a trial, NaN where it has none; ``seen`` is the revision that it is up to."""

    values: Floats
    seen: int = -1
    summary: Summary | None = None
    ordered: Ordered | None = None

    def including(self, count: int, index: Integers, numbers: Floats) -> "Column":
        """The column of so many trials, some of which have got their numbers."""
        fresh = index >= len(self.values)
        fresh[~fresh] = np.isnan(self.values[index[~fresh]])
        index, numbers = index[fresh], numbers[fresh]
        values = _grown(self.values, count, index, numbers, np.nan)
        if self.ordered is None or len(index) > FEW:
            return Column(values)
        return Column(values, ordered=self.ordered.including(index, numbers))


@dataclass
class Columns:
    """What is known of one study's trials and cells; the lock is held while it is used."""

    cell: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    seed: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    arm: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    axes: dict[str, Floats] = field(default_factory=dict)
    orders: dict[str, Ordered] = field(default_factory=dict)
    results: dict[str, Column] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def nbytes(self) -> int:
        """How much memory the arrays take."""
        columns = [column.values for column in self.results.values()]
        return sum(
            a.nbytes for a in (self.cell, self.seed, self.arm, *self.axes.values(), *columns)
        )

    def refresh(self, session: Session, study: Study) -> None:
        """Take in trials and cells that were appended."""
        count = _next(session, Trial.index, Trial.study_id, study.id)
        if count > len(self.cell):
            rows = select(Trial.index, Trial.cell, Trial.seed).where(
                Trial.study_id == study.id, Trial.index >= len(self.cell)
            )
            found = _read(session, rows, np.int64)
            self.cell = _grown(self.cell, count, found[:, 0], found[:, 1])
            self.seed = _grown(self.seed, count, found[:, 0], found[:, 2])
        self._refresh_cells(session, study)

    def _refresh_cells(self, session: Session, study: Study) -> None:
        count = _next(session, Cell.ordinal, Cell.study_id, study.id)
        if count <= len(self.arm):
            return
        rows = session.execute(
            select(Cell.ordinal, Cell.arm, Cell.point).where(
                Cell.study_id == study.id, Cell.ordinal >= len(self.arm)
            )
        ).all()
        at = np.array([row[0] for row in rows], np.int64)
        self.arm = _grown(self.arm, count, at, np.array([row[1] for row in rows], np.int64))
        for axis in study.spec["axes"]:
            known = self.axes.get(axis, np.empty(0))
            values = np.array([row[2].get(axis, np.nan) for row in rows], np.float64)
            self.axes[axis] = _grown(known, count, at, values)

    def column(self, session: Session, study: Study, name: str) -> Column:
        """A result or a measured metric, up to the study's revision."""
        column = self.results.setdefault(name, Column(np.empty(0)))
        count = len(self.cell)
        if column.seen >= study.revision and len(column.values) == count:
            return column
        query = _numbers(study.id, name)
        if column.seen >= 0:
            query = query.where(Trial.revision > column.seen)
        rows = _read(session, query, np.float64)
        rows = rows[rows[:, 0] < count]
        if len(rows) or len(column.values) < count:
            column = column.including(count, rows[:, 0].astype(np.int64), rows[:, 1])
        column.seen = study.revision
        self.results[name] = column
        return column

    def numbers(self, session: Session, study: Study, name: str) -> Callable[[Integers], Floats]:
        """An axis or a result by the indexes of trials."""
        if name in self.axes:
            axis, cell = self.axes[name], self.cell
            return lambda at: axis[cell[at]]
        return self.column(session, study, name).values.__getitem__

    def ordered(self, session: Session, study: Study, name: str) -> Ordered:
        """The trials in the order of an axis or a result."""
        if name in self.axes:
            known = self.orders.get(name)
            if known is None or len(known.index) < len(self.cell):
                self.orders[name] = Ordered.of(self.axes[name][self.cell])
            return self.orders[name]
        column = self.column(session, study, name)
        if column.ordered is None:
            column.ordered = Ordered.of(column.values)
        return column.ordered

    def summary(self, session: Session, study: Study, name: str) -> Summary:
        """A result by cell."""
        column = self.column(session, study, name)
        if column.summary is None:
            column.summary = _summary(self.cell, column.values, len(self.arm))
        return column.summary


class Memory:
    """Columns by study; the least recently used go when there are too many bytes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Columns] = OrderedDict()
        self._turn = threading.Lock()

    def of(self, study: Study) -> Columns:
        """A study's columns, as yet unread for a new one."""
        with self._turn:
            found = self._kept.setdefault(study.public_id, Columns())
            self._kept.move_to_end(study.public_id)
            while len(self._kept) > 1 and sum(c.nbytes for c in self._kept.values()) > MOST_BYTES:
                self._kept.popitem(last=False)
            return found


MEMORY = Memory()


def metric_names(study: Study) -> tuple[str, ...]:
    """The metrics that a study's problems measure each epoch."""
    named = {problem["name"]: None for problem in study.spec["problems"]}
    found = [m for name in named for m in catalog.problems.get(name, "problems").metric_names]
    return tuple(dict.fromkeys(found))


def _numbers(study_id: int, name: str) -> Select[Any]:
    """Index and number of the completed trials that have it."""
    if name == OUTCOME:
        number: Any = case(OUTCOMES, value=Trial.outcome)
    elif name in NUMBERS:
        number = getattr(Trial, name)
    else:
        number = Measurement.metrics[name].as_float()
    query = select(Trial.index, number).where(
        Trial.study_id == study_id, Trial.outcome.is_not(None), number.is_not(None)
    )
    if name == OUTCOME or name in NUMBERS:
        return query
    same = (Measurement.study_id == Trial.study_id) & (Measurement.index == Trial.index)
    return query.join(Measurement, same)


def _read(session: Session, query: Any, kind: type[Any]) -> Any:
    """Rows of numbers as an array, without a million row objects at a time."""
    width = len(query.selected_columns)
    rows = session.connection().execute(query)
    return np.fromiter(chain.from_iterable(rows), kind).reshape(-1, width)


def _next(session: Session, number: Any, owner: Any, study_id: int) -> int:
    """One more than the largest number of a study's rows."""
    largest = session.execute(select(func.max(number)).where(owner == study_id)).scalar_one()
    return 0 if largest is None else int(largest) + 1


def _grown(old: Any, count: int, at: Integers, values: Any, empty: float = 0) -> Any:
    """A copy of that length with values put at some places.

    It is a copy since others may be reading the old one.
    """
    new = np.full(count, empty, old.dtype)
    new[: len(old)] = old
    new[at] = values
    return new


def _summary(cell: Integers, values: Floats, count: int) -> Summary:
    has = ~np.isnan(values)
    at, found = cell[has], values[has]
    least, largest = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(least, at, found)
    np.maximum.at(largest, at, found)
    return Summary(
        valued=np.bincount(at, minlength=count),
        total=np.bincount(at, found, count).astype(np.float64),
        squares=np.bincount(at, found * found, count).astype(np.float64),
        least=least,
        largest=largest,
    )
