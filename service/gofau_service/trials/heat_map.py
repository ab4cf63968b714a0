"""The heat map: a page of cells with the moments of the goal's value or of another number."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from pydantic_core import to_json

from gofau.version import code_version
from gofau_service.errors import InvalidError
from gofau_service.pagination import encode
from gofau_service.store import cells, trial_list
from gofau_service.store.columns import MEMORY, Summary, metric_names
from gofau_service.store.engine import Session
from gofau_service.store.tables.studies import Arm, Study
from gofau_service.store.trial_list import CellRow, TrialFilter
from gofau_studies.errors import FieldError
from gofau_studies.protocol.trial_facts import NUMBERS
from gofau_studies.spec.canonical import content_hash

MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class CellWish:
    """Which page of which cells, and the number that they show; ``None`` leaves a field open."""

    problem: str | None
    direction: str | None
    rule: str | None
    metric: str | None
    after: int
    limit: int


def tag(study: Study, wish: CellWish) -> str:
    """What names the answer: each change of a cell's aggregates raises its study's revision."""
    named = content_hash([code_version(), study.public_id, *vars(wish).values()])
    return f'"{study.revision}-{named[:16]}"'


class Pages:
    """Answers as bytes by their tags; the least recently used go when there are too many bytes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0
        self._turn = threading.Lock()

    def get(self, session: Session, study: Study, wish: CellWish) -> bytes:
        """A page of cells as JSON, read from the store if nobody asked before.

        Raises:
            InvalidError: an unknown metric.
        """
        name = tag(study, wish)
        with self._turn:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        body = to_json(_page(session, study, wish), inf_nan_mode="null")
        with self._turn:
            self._put(name, body)
        return body

    def _put(self, name: str, body: bytes) -> None:
        self._size += len(body) - len(self._kept.get(name, b""))
        self._kept[name] = body
        while self._size > MOST_BYTES:
            self._size -= len(self._kept.popitem(last=False)[1])


PAGES = Pages()


def _page(session: Session, study: Study, wish: CellWish) -> dict[str, object]:
    arms = cells.arms(session, study.id)
    wanted = TrialFilter(problem=wish.problem, direction=wish.direction, rule=wish.rule)
    chosen = [ordinal for ordinal, arm in arms.items() if wanted.has_arm(arm)]
    narrowed = chosen if len(chosen) < len(arms) else None
    rows = trial_list.cells(session, study.id, narrowed, wish.after, wish.limit + 1)
    more = encode(rows[wish.limit - 1].ordinal) if len(rows) > wish.limit else None
    if wish.metric is not None:
        rows = of_metric(session, study, rows, wish.metric)
    return {"items": [_item(cell, arms) for cell in rows[: wish.limit]], "next_cursor": more}


def of_metric(
    session: Session, study: Study, rows: Sequence[CellRow], metric: str
) -> list[CellRow]:
    """The cells with moments of a result or of a metric's last value, as it was measured.

    Raises:
        InvalidError: the study's trials have no such number.
    """
    known = tuple(dict.fromkeys((*NUMBERS, *metric_names(study))))
    if metric not in known:
        expected = f"one of: {', '.join(known)}"
        raise InvalidError("unknown metric", [FieldError("metric", metric, expected)])
    columns = MEMORY.of(study)
    with columns.turn:
        columns.refresh(session, study)
        summary = columns.summary(session, study, metric)
    return [_with(row, summary) for row in rows]


def _with(row: CellRow, summary: Summary) -> CellRow:
    at = row.ordinal
    valued = int(summary.valued[at])
    return replace(
        row,
        valued=valued,
        value_sum=float(summary.total[at]),
        value_sumsq=float(summary.squares[at]),
        value_min=float(summary.least[at]) if valued else None,
        value_max=float(summary.largest[at]) if valued else None,
    )


def _item(cell: CellRow, arms: Mapping[int, Arm]) -> dict[str, object]:
    """A cell's aggregates as `answers.Cell` shows them, plain, since a heat map has thousands."""
    arm = arms[cell.arm]
    mean = cell.value_sum / cell.valued if cell.valued else None
    return {
        "ordinal": cell.ordinal,
        "problem": arm.problem,
        "direction": arm.direction,
        "rule": arm.rule,
        "point": cell.point,
        "trials": cell.trials,
        "completed": cell.completed,
        "failed": cell.failed,
        "cancelled": cell.cancelled,
        **cell.outcomes,
        "valued": cell.valued,
        "mean": mean,
        "std": _std(cell, mean),
        "minimum": cell.value_min,
        "maximum": cell.value_max,
        "wall_s": cell.wall_s,
    }


def _std(cell: CellRow, mean: float | None) -> float | None:
    if mean is None or cell.valued < 2:
        return None
    squares = max(cell.value_sumsq - cell.valued * mean * mean, 0.0)
    return sqrt(squares / (cell.valued - 1))
