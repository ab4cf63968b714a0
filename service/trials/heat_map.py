"""Cells with the moments of another number than the goal's."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from service.errors import InvalidError
from service.studies.models import Study
from service.trials.columns import MEMORY, RESULTS, Summary, metric_names
from service.trials.queries import CellRow
from studies.errors import FieldError


def of_metric(
    session: Session, study: Study, rows: Sequence[CellRow], metric: str
) -> list[CellRow]:
    """The cells with moments of a result or of a metric's last value, as it was measured.

    Raises:
        InvalidError: the study's trials have no such number.
    """
    known = tuple(dict.fromkeys((*RESULTS, *metric_names(study))))
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
