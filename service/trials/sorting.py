"""Trials in the order of a result or of a hyperparameter, by keyset."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.errors import InvalidError
from service.studies.models import Cell
from service.trials.models import Trial
from service.trials.queries import Found, TrialFilter, joined, narrowed
from studies.errors import FieldError

RESULTS = ("value", "best", "wall_s", "steps_to_target", "frozen_fraction", "attempts")
CELLS = 200


@dataclass(frozen=True)
class Order:
    """By which column or axis, and whether the largest comes first."""

    by: str
    descending: bool = False

    @classmethod
    def parse(cls, text: str, axes: Sequence[str]) -> "Order":
        """``value`` or ``-value``: a result or an axis, descending with a minus.

        Raises:
            InvalidError: neither a result nor an axis of the study.
        """
        by = text.removeprefix("-")
        if by not in RESULTS and by not in axes:
            expected = f"one of: {', '.join((*RESULTS, *axes))}; with - for descending"
            raise InvalidError("unknown order", [FieldError("sort", text, expected)])
        return cls(by, text.startswith("-"))


Key = tuple[float, int]
"""Where a page ends: the value and, among equals, the trial's index (or the cell's ordinal)."""


def by_result(
    session: Session,
    study_id: int,
    wanted: TrialFilter,
    order: Order,
    *,
    after: Key | None,
    limit: int,
) -> Sequence[Found]:
    """Trials that have the result, in its order, equals by index."""
    column = getattr(Trial, order.by)
    query = narrowed(joined(study_id), wanted).where(column.is_not(None))
    if after is not None:
        value, index = after
        beyond = column < value if order.descending else column > value
        tie = Trial.index < index if order.descending else Trial.index > index
        inside = column <= value if order.descending else column >= value
        query = query.where(inside, beyond | ((column == value) & tie))
    sort = (column.desc(), Trial.index.desc()) if order.descending else (column, Trial.index)
    return session.execute(query.order_by(*sort).limit(limit)).all()


def by_axis(
    session: Session,
    study_id: int,
    wanted: TrialFilter,
    order: Order,
    *,
    after: tuple[float, int, int] | None,
    limit: int,
) -> list[Found]:
    """Trials in the order of an axis: cells by (value, ordinal), their trials by index.

    Cells come in groups, so that a page reads the trials of a few cells instead of sorting all.
    """
    found: list[Found] = []
    at: Key | None = None
    if after is not None:
        value, ordinal, index = after
        query = narrowed(joined(study_id), wanted).where(Trial.cell == ordinal, Trial.index > index)
        found += session.execute(query.order_by(Trial.index).limit(limit)).all()
        at = (value, ordinal)
    while len(found) < limit:
        cells = _cells(session, study_id, order, at)
        if not cells:
            break
        found += _trials(session, study_id, wanted, [c for _, c in cells], limit - len(found))
        at = cells[-1]
    return found[:limit]


def _cells(session: Session, study_id: int, order: Order, at: Key | None) -> list[Key]:
    value = Cell.point[order.by].as_float()
    query = select(value.label("value"), Cell.ordinal).where(Cell.study_id == study_id)
    if at is not None:
        beyond = value < at[0] if order.descending else value > at[0]
        query = query.where(beyond | ((value == at[0]) & (Cell.ordinal > at[1])))
    first = value.desc() if order.descending else value
    rows = session.execute(query.order_by(first, Cell.ordinal).limit(CELLS))
    return [(row[0], row[1]) for row in rows]


def _trials(
    session: Session, study_id: int, wanted: TrialFilter, cells: list[int], limit: int
) -> list[Found]:
    place = {ordinal: i for i, ordinal in enumerate(cells)}
    found: list[Found] = []
    for start in range(0, len(cells), _step(limit)):
        some = cells[start : start + _step(limit)]
        query = narrowed(joined(study_id), wanted).where(Trial.cell.in_(some))
        rows = session.execute(query).all()
        found += sorted(rows, key=lambda row: (place[row[0].cell], row[0].index))
        if len(found) >= limit:
            break
    return found[:limit]


def _step(limit: int) -> int:
    """Cells to read at once: each has a trial or more, so so many give a page."""
    return min(limit, CELLS)
