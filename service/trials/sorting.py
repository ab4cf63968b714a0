"""Trials in the order of a result or of a hyperparameter, by keyset."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.keyset import Order
from service.studies.models import Study
from service.trials.cell_order import ORDERS
from service.trials.models import Trial
from service.trials.queries import Found, TrialFilter, joined, narrowed

RESULTS = ("value", "best", "wall_s", "steps_to_target", "frozen_fraction", "attempts")
CELLS = 200


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
        query = query.where(*order.after(column, after[0], Trial.index, after[1]))
    return session.execute(query.order_by(*order.terms(column, Trial.index)).limit(limit)).all()


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
