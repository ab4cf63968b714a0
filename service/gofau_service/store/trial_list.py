"""SQL that lists trials and cells."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_
from sqlalchemy.orm import Session

from gofau_service.errors import NotFoundError
from gofau_service.store import curves
from gofau_service.store.tables.studies import Arm, Cell
from gofau_service.store.tables.trials import Measurement, Trial
from gofau_studies.protocol.trials import Outcome

Found = Row[Trial, Cell, Arm]
CHUNK = 500
"""Trials whose curves are read by one query."""


@dataclass(frozen=True, slots=True)
class CellRow:
    """The columns of a cell that a heat map shows; ``outcomes`` counts trials by outcome."""

    outcomes: dict[str, int]
    ordinal: int
    arm: int
    point: dict[str, float]
    trials: int
    completed: int
    failed: int
    cancelled: int
    valued: int
    value_sum: float
    value_sumsq: float
    value_min: float | None
    value_max: float | None
    wall_s: float


@dataclass(frozen=True)
class TrialFilter:
    """What a listing is narrowed to; ``None`` leaves a field open."""

    state: str | None = None
    outcome: str | None = None
    problem: str | None = None
    direction: str | None = None
    rule: str | None = None
    seed: int | None = None
    cell: int | None = None

    @property
    def by_arm(self) -> bool:
        """Whether only some arms are wanted."""
        return (self.problem, self.direction, self.rule) != (None, None, None)

    def has_arm(self, arm: Arm) -> bool:
        """Whether an arm is among the wanted ones."""
        pairs = (
            (self.problem, arm.problem),
            (self.direction, arm.direction),
            (self.rule, arm.rule),
        )
        return all(wanted in (None, name) for wanted, name in pairs)


def joined(study_id: int) -> Select[Trial, Cell, Arm]:
    """Trials of a study with their cells and arms."""
    return (
        select(Trial, Cell, Arm)
        .join(Cell, (Cell.study_id == Trial.study_id) & (Cell.ordinal == Trial.cell))
        .join(Arm, (Arm.study_id == Cell.study_id) & (Arm.ordinal == Cell.arm))
        .where(Trial.study_id == study_id)
    )


def page(
    session: Session, study_id: int, wanted: TrialFilter, after: int, limit: int
) -> Sequence[Found]:
    """Trials after an index, in order of their index."""
    query = narrowed(joined(study_id), wanted)
    if wanted.cell is not None:
        # The sum keeps the planner from walking the whole study in order to find one cell.
        place = Trial.index + 0
        return session.execute(query.where(place > after).order_by(place).limit(limit)).all()
    bounds = _bounds(session, study_id, wanted) if wanted.by_arm else (0, None)
    if bounds is None:
        return []
    first, last = bounds
    query = query.where(Trial.index > max(after, first - 1))
    if last is not None:
        query = query.where(Trial.index <= last)
    return session.execute(query.order_by(Trial.index).limit(limit)).all()


def _bounds(session: Session, study_id: int, wanted: TrialFilter) -> tuple[int, int] | None:
    """Least and largest index of the trials of the wanted arms; ``None`` without such arms.

    Indexes grow with a cell's ordinal in each round of enumeration, so the first cell has the
    least and the last cell the largest.
    """
    arms = select(Arm.ordinal).where(Arm.study_id == study_id, *_of_arm(wanted))
    ordinals = [
        session.execute(
            select(end(Cell.ordinal)).where(Cell.study_id == study_id, Cell.arm == arm)
        ).scalar_one()
        for arm in session.scalars(arms).all()
        for end in (func.min, func.max)
    ]
    if not ordinals:
        return None
    least, largest = (
        select(end(Trial.index)).where(Trial.study_id == study_id, Trial.cell == ordinal)
        for end, ordinal in ((func.min, min(ordinals)), (func.max, max(ordinals)))
    )
    return session.execute(least).scalar_one(), session.execute(largest).scalar_one()


def _of_arm(wanted: TrialFilter) -> list[ColumnElement[bool]]:
    pairs = (
        (Arm.problem, wanted.problem),
        (Arm.direction, wanted.direction),
        (Arm.rule, wanted.rule),
    )
    return [column == value for column, value in pairs if value is not None]


def ended_after(
    session: Session, study_id: int, revision: int, index: int, limit: int
) -> Sequence[Found]:
    """Trials that ended after a place in the order of their ending."""
    later = tuple_(Trial.revision, Trial.index) > tuple_(revision, index)
    query = joined(study_id).where(Trial.revision >= revision, later)
    return session.execute(query.order_by(Trial.revision, Trial.index).limit(limit)).all()


def narrowed(query: Select[Trial, Cell, Arm], wanted: TrialFilter) -> Select[Trial, Cell, Arm]:
    """The query with a filter's conditions."""
    for column, value in (
        (Trial.state, wanted.state),
        (Trial.outcome, wanted.outcome),
        (Trial.seed, wanted.seed),
        (Trial.cell, wanted.cell),
    ):
        if value is not None:
            query = query.where(column == value)
    return query.where(*_of_arm(wanted))


def trial(session: Session, study_id: int, index: int) -> Found:
    """One trial with its cell and arm.

    Raises:
        NotFoundError: the study has no trial of that index.
    """
    found = session.execute(joined(study_id).where(Trial.index == index)).first()
    if found is None:
        raise NotFoundError(f"no trial {index} in this study")
    return found


def in_this_order(
    session: Session, study_id: int, indexes: Sequence[int], state: str | None
) -> list[Found]:
    """The trials, in that order, that are in the state now, if one is given."""
    query = narrowed(joined(study_id), TrialFilter(state=state))
    rows = session.execute(query.where(Trial.index.in_(indexes)))
    found = {row[0].index: row for row in rows}
    return [found[index] for index in indexes if index in found]


def indexes_in(session: Session, study_id: int, state: str) -> Iterable[int]:
    """The indexes of the trials in a state."""
    return session.scalars(
        select(Trial.index).where(Trial.study_id == study_id, Trial.state == state)
    )


def columns(session: Session, study_id: int, names: Iterable[str]) -> list[tuple[Any, ...]]:
    """Some columns of all trials, in order of their index."""
    wanted = [getattr(Trial, name) for name in names]
    query = select(*wanted).where(Trial.study_id == study_id).order_by(Trial.index)
    # Rows of plain columns take the connection half the time that they take the session.
    return [tuple(row) for row in session.connection().execute(query)]


def measurement(session: Session, study_id: int, index: int) -> Measurement | None:
    """What a trial measured, if it completed."""
    return session.get(Measurement, (study_id, index))


def measurements(session: Session, study_id: int, first: int, last: int) -> Sequence[Measurement]:
    """What the trials from one index to another measured, as far as they completed."""
    query = select(Measurement).where(
        Measurement.study_id == study_id, Measurement.index.between(first, last)
    )
    return session.scalars(query).all()


def curves_of(
    session: Session, study_id: int, indexes: Sequence[int]
) -> Iterator[tuple[int, dict[str, list[float | None]]]]:
    """The curves by metric of those of the trials that completed, some at a time."""
    for first in range(0, len(indexes), CHUNK):
        query = select(Measurement.index, Measurement.lengths, Measurement.curves).where(
            Measurement.study_id == study_id, Measurement.index.in_(indexes[first : first + CHUNK])
        )
        for index, lengths, data in session.execute(query):
            yield index, curves.unpack(lengths, data)


def cells(
    session: Session,
    study_id: int,
    arms: Sequence[int] | None,
    after: int,
    limit: int,
) -> list[CellRow]:
    """Cells after an ordinal, of some arms or of all."""
    counts = [outcome.value for outcome in Outcome]
    names = [*counts, *(field.name for field in fields(CellRow)[1:])]
    columns = [getattr(Cell, name) for name in names]
    query = select(*columns).where(Cell.study_id == study_id, Cell.ordinal > after)
    if arms is not None:
        query = query.where(Cell.arm.in_(arms))
    rows = session.execute(query.order_by(Cell.ordinal).limit(limit))
    n = len(counts)
    return [CellRow(dict(zip(counts, row[:n], strict=True)), *row[n:]) for row in rows]
