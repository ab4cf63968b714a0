"""Cells of a study in the order of an axis, remembered until the study has other cells."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.keyset import Order
from service.studies.models import Cell, Study

REMEMBERED = 64


@dataclass(frozen=True)
class CellOrder:
    """Ordinals of cells by (value, ordinal), and the place of each."""

    ordinals: list[int]
    place: dict[int, int]


class CellOrders:
    """Orders by study, last cell, axis and direction; the least recent are forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str, bool], CellOrder] = OrderedDict()
        self._turn = threading.Lock()

    def get(self, session: Session, study: Study, order: Order) -> CellOrder:
        """The order of a study's cells, read from the store the first time."""
        last = select(func.max(Cell.ordinal)).where(Cell.study_id == study.id)
        count = session.execute(last).scalar_one()
        key = (study.public_id, count, order.by, order.descending)
        with self._turn:
            if key not in self._kept:
                self._kept[key] = _read(session, study.id, order)
                while len(self._kept) > REMEMBERED:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def _read(session: Session, study_id: int, order: Order) -> CellOrder:
    value = Cell.point[order.by].as_float()
    first = value.desc() if order.descending else value
    query = select(Cell.ordinal).where(Cell.study_id == study_id).order_by(first, Cell.ordinal)
    ordinals = list(session.scalars(query))
    return CellOrder(ordinals, {ordinal: i for i, ordinal in enumerate(ordinals)})


ORDERS = CellOrders()
