"""Trials of a study as flat rows, read in chunks so that a million need little memory."""

from collections.abc import Iterator
from typing import Any

from gofau_service.store import curves, provenance, trial_list
from gofau_service.store.engine import Session, Store
from gofau_service.store.tables.provenance import EnvironmentRow
from gofau_service.store.tables.studies import Study
from gofau_service.store.tables.trials import Measurement
from gofau_service.trials import reading
from gofau_studies.export.runs import PLACE
from gofau_studies.protocol.trial_facts import FACTS
from gofau_studies.spec.parsing import stored_spec

CHUNK = 5_000
MEASURED_CHUNK = 500
_FIELDS = list(FACTS)
BEFORE = tuple(_FIELDS[: _FIELDS.index("point")])
RESULTS = (*_FIELDS[_FIELDS.index("point") + 1 :], *PLACE)
"""What a row has after its axis values: all that is known of a trial, and its place."""

MEASURED = ("metrics", "curves")

Row = dict[str, Any]


def columns(study: Study) -> list[str]:
    """The names of an export's columns: labels, axes, seed and results."""
    return [*BEFORE, *stored_spec(study.spec).axes, *RESULTS]


def chunks(
    store: Store,
    study_id: int,
    wanted: trial_list.TrialFilter,
    limit: int | None = None,
    *,
    measured: bool = False,
) -> Iterator[list[Row]]:
    """Rows in the order of the trials, each chunk in its own transaction.

    Args:
        store: where the study is.
        study_id: its key there.
        wanted: which trials.
        limit: how many at most, in all chunks.
        measured: whether rows have ``metrics`` and ``curves``, too.
    """
    size = MEASURED_CHUNK if measured else CHUNK
    after, left = -1, limit
    places: dict[str, Row] = {}
    while left != 0:
        most = size if left is None else min(size, left)
        with store.read() as session:
            found = trial_list.page(session, study_id, wanted, after, most)
            rows = [_flat(reading.described(*row).model_dump(mode="json")) for row in found]
            _add_places(session, rows, places)
            if rows and measured:
                rows = _measured(session, study_id, rows)
        if rows:
            yield rows
        if len(rows) < most:
            return
        after = rows[-1]["index"]
        left = None if left is None else left - len(rows)


def _add_places(session: Session, rows: list[Row], known: dict[str, Row]) -> None:
    """Say of each row where it was computed; ``known`` has the records read before."""
    new = {row["environment"] for row in rows if row["environment"]} - known.keys()
    if new:
        known |= provenance.records(session, EnvironmentRow, new)
    for row in rows:
        record = known.get(row["environment"], {})
        row.update((name, record.get(name)) for name in PLACE)


def _measured(session: Session, study_id: int, rows: list[Row]) -> list[Row]:
    between = (rows[0]["index"], rows[-1]["index"])
    known = {m.index: m for m in trial_list.measurements(session, study_id, *between)}
    return [{**row, **_measurements(known.get(row["index"]))} for row in rows]


def _measurements(found: Measurement | None) -> Row:
    if found is None:
        return {"metrics": {}, "curves": {}}
    return {"metrics": found.metrics, "curves": curves.unpack(found.lengths, found.curves)}


def _flat(view: Row) -> Row:
    return {**view.pop("point"), **view}
