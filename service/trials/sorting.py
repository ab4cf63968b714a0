"""Trials in the order of a result or of a hyperparameter, by keyset."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.errors import InvalidError
from service.studies.models import Study
from service.trials.cell_order import ORDERS
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
"""Where a page ends: the value and, among equals, the trial's index."""


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
    study: Study,
    wanted: TrialFilter,
    order: Order,
    *,
    after: tuple[int, int] | None,
    limit: int,
) -> list[Found]:
    """Trials in the order of an axis: cells by (value, ordinal), their trials by index.

    Cells come a few at a time, so that a page reads their trials instead of sorting all. ``after``
    is the cell and the index of the trial where the page before ended.
    """
    cells = ORDERS.get(session, study, order)
    found: list[Found] = []
    start = 0
    if after is not None:
        cell, index = after
        start = cells.place.get(cell, len(cells.ordinals)) + 1
        rest = narrowed(joined(study.id), wanted).where(Trial.cell == cell, Trial.index > index)
        found += session.execute(rest.order_by(Trial.index).limit(limit)).all()
    step = min(-(-limit // len(study.spec["seeds"])), CELLS)
    while len(found) < limit and start < len(cells.ordinals):
        found += _trials(session, study.id, wanted, cells.ordinals[start : start + step])
        start += step
        step = min(4 * step, CELLS)
    return found[:limit]


def _trials(
    session: Session, study_id: int, wanted: TrialFilter, cells: Sequence[int]
) -> list[Found]:
    place = {ordinal: i for i, ordinal in enumerate(cells)}
    query = narrowed(joined(study_id), wanted).where(Trial.cell.in_(cells))
    return sorted(session.execute(query).all(), key=lambda row: (place[row[0].cell], row[0].index))
