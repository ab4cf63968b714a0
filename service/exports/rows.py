"""Trials of a study as flat rows, read in chunks so that a million need little memory."""

from collections.abc import Iterator
from typing import Any

from service.store.engine import Store
from service.studies.models import Study
from service.trials import queries, service
from studies.spec import StudySpec

CHUNK = 5_000
BEFORE = ("index", "problem", "direction", "rule")
RESULTS = (
    "seed",
    "state",
    "outcome",
    "attempts",
    "value",
    "best",
    "steps_to_target",
    "steps",
    "epochs_run",
    "frozen_fraction",
    "executor",
    "executor_reason",
    "pack_size",
    "wall_s",
    "code_version",
    "error",
    "ended_at",
)

Row = dict[str, Any]


def columns(study: Study) -> list[str]:
    """The names of an export's columns: labels, axes, seed and results."""
    return [*BEFORE, *StudySpec.model_validate(study.spec).axes, *RESULTS]


def chunks(store: Store, study_id: int, wanted: queries.TrialFilter) -> Iterator[list[Row]]:
    """Rows in the order of the trials, each chunk in its own transaction."""
    after = -1
    while True:
        with store.read() as session:
            found = queries.page(session, study_id, wanted, after, CHUNK)
            rows = [_flat(service.trial_view(*row).model_dump(mode="json")) for row in found]
        if rows:
            yield rows
        if len(rows) < CHUNK:
            return
        after = rows[-1]["index"]


def _flat(view: Row) -> Row:
    return {**view.pop("point"), **view}
